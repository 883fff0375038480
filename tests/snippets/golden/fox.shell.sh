# Creates the images, waits for them and saves them here. Runs in bash and zsh with curl and jq.
(
set -eu
: "${API_IN_ONE_KEY:?is not set. First run: export API_IN_ONE_KEY=your_key}"
for tool in curl jq; do command -v "$tool" >/dev/null || { echo "Install $tool first." >&2; exit 1; }; done
body='{
  "model": "flux-2",
  "type": "pro",
  "prompt": "A fox in the snow,\nprinted as a woodcut. It says \"It'\''s cold\u0021\"",
  "aspect_ratio": "1:1",
  "resolution": "1K"
}'
call() { curl -sS --fail-with-body --max-time 120 -H "Authorization: Bearer $API_IN_ONE_KEY" "$@"; }
stop() { printf '%s\n' "$1" "$reply" >&2; exit 1; }

reply=$(call -H 'Content-Type: application/json' -d "$body" https://gateway.example/one/api/v1/images/generations) || stop 'The request failed:'
task=$(jq -r '(.data // .) | .task_id // .taskId // .id // empty' <<<"$reply") && [ -n "$task" ] || stop 'No task id:'
deadline=$((SECONDS + 600))
while :; do
  state=$(jq -r '(.data // .) | .status // .type // "" | ascii_downcase' <<<"$reply") || state=''
  case $state in completed | success) break ;; failed | error | cancelled) stop 'The task failed:' ;; esac
  [ "$SECONDS" -lt "$deadline" ] || stop "Task $task is still running:"
  sleep 2; reply=$(call https://gateway.example/one/api/v1/tasks/"$task") || true # a poll may fail, the task goes on
done
urls=$(jq -er '(.data // .) | .output // . | .images? // .response? // .response_data? // .
  | if type == "array" then .[] else . end | .url? // .image_url? // . | strings' <<<"$reply") || stop 'No image:'
number=0
while IFS= read -r url; do
  number=$((number + 1))
  type=$(sed -nE 's#^data:image/([a-z]+).*#\1#p; s#.*\.(png|jpe?g|webp|svg)(\?.*)?$#\1#p' <<<"$url")
  file=$task-$number.${type:-png}
  case $url in data:*) base64 -d <<<"${url#*,}" >"$file" ;; *) curl -fsSL -o "$file" "$url" ;; esac
  echo "Saved $file"
done <<<"$urls"
)
