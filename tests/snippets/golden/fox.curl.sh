curl https://gateway.example/one/api/v1/images/generations \
  -H "Authorization: Bearer $API_IN_ONE_KEY" \
  -H 'Content-Type: application/json' \
  -d '{
  "model": "flux-2",
  "type": "pro",
  "prompt": "A fox in the snow,\nprinted as a woodcut. It says \"It'\''s cold\u0021\"",
  "aspect_ratio": "1:1",
  "resolution": "1K"
}'

curl https://gateway.example/one/api/v1/tasks/n41xxxx_flux2 \
  -H "Authorization: Bearer $API_IN_ONE_KEY"
