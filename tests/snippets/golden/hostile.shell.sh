(
: 'Creates the images, waits for them and saves them here. Runs in sh, bash and zsh with curl and jq; on Windows in WSL.'
set -eu
: "${API_IN_ONE_KEY:?is not set. First run: export API_IN_ONE_KEY=your_key}"
for tool in curl jq base64; do command -v "$tool" >/dev/null || { echo "Install $tool first." >&2; exit 1; }; done
[ -w . ] || { echo 'Nothing can be saved in this folder.' >&2; exit 1; }
body='{
  "model": "flux-2",
  "type": "pro",
  "prompt": "it'\''s \"quoted\", it'\'''\''s \"\" '\''\"'\''\"'\'' \\'\'' \\\" '\'''\'''\'' \"\"\" // /* */ <\u0021-- --> # --$HOME ${HOME} $(id) `id` $((1+1)) $$ $? \u0021! \u0021word \"\u0021x\" \u0021$ ; rm -rf / & | > x < y * ? ~ #`${x}` ${process.exit(3)} {x} {{x}} {0} %s %d %% %(x)s </script> @BODY@ @KEY@ @CREATE@ @STATUS@ @@BODY@@ @X@first\nsecond\r\nthird\n\n\ttabbed\nJSON\nb\n  JSON\nJSONa\u0000\u0001\u0002\u0003\u0004\u0005\u0006\u0007\b\t\n\u000b\f\r\u000e\u000f\u0010\u0011\u0012\u0013\u0014\u0015\u0016\u0017\u0018\u0019\u001a\u001b\u001c\u001d\u001e\u001f\u007f\u0080\u0081\u0082\u0083\u0084\u0085\u0086\u0087\u0088\u0089\u008a\u008b\u008c\u008d\u008e\u008f\u0090\u0091\u0092\u0093\u0094\u0095\u0096\u0097\u0098\u0099\u009a\u009b\u009c\u009d\u009e\u009fb\\n \\u0041 \\x41 \\0 \\\\ ends with \\🦊 👩\u200d👩\u200d👧\u200d👦 🏳️\u200d🌈 é 狐 􏿿 \ue000 right\u202eleft\u2066x\u2069 שועל \u061c \u2028line\u2029\u0085\ufeff\u200b{\"data\":{\"url\":\"https://example.invalid/a.png\",\"images\":[\"https://example.invalid/b.png\"]}}https://example.invalid/only-an-address.pngwow! yes\u0021! ok\u0021no !=x !(y) (\u0021z)\n\u0021at the start\n\u0021\n\"\u0021\"",
  "aspect_ratio": "1:1",
  "resolution": "1K"
}'
call() {
  reply=$(curl -sS --max-time 120 -w ' %{http_code}' -H "Authorization: Bearer $API_IN_ONE_KEY" "$@") || true
  code=${reply##* } reply=${reply% *}
}
read_reply() { printf '%s' "$reply" | tr '\001-\037' ' ' | jq -r --argjson body "$body" "$1" 2>/dev/null; }
stop() { printf '%s\n' "$1" "$reply" >&2; exit 1; }
find_task='((.data | objects) // .) | .task_id // .taskId // .id // .request_id // empty | tostring | @uri'
find_state='(.code // 200) as $code | ((.data | objects) // .) | .status // .state // .task_status // .type
  // (if $code | tostring | test("^(0|1|200)$") then "" else "error" end) | tostring | ascii_downcase'
find_images='[paths(strings) as $p | ($p | map(strings | gsub("_"; "") | ascii_downcase)) as $keys
  | select(any($keys[]; test("^(outputs?|(task)?results?|resulturls?|images?|imageurls?|response(data)?|urls?|b64json|(image)?base64)$")) and all($keys[]; test("input|request|param|payload|reference|mask|callback|webhook|thumb|preview|cover|origin(url|image|$)|error|status|^(get|cancel|web|stream)$") | not))
  | getpath($p) | select(test("^(https?:|data:image/|iVBORw0KGgo|/9j/|UklGR|R0lGOD)"))] - [$body | .. | strings] | reduce .[] as $i ([]; if index($i) then . else . + [$i] end) | .[]'

call -H 'Content-Type: application/json' -d "$body" https://gateway.example/one/api/v1/images/generations
case $code in 2??) ;; *) stop "HTTP $code:" ;; esac
task=$(read_reply "$find_task") || stop 'The reply is no JSON. The task may exist and be charged:'
deadline=$(($(date +%s) + 600))
while :; do
  state=$(read_reply "$find_state") || state=running
  images=$(read_reply "$find_images") || images=''
  if printf '%s' "$state" | grep -qE 'fail|error|cancel|abort|reject|expire|moderat|terminat|nsfw|timeout'; then stop 'The task failed:'; fi
  if [ -n "$images" ] && ! printf '%s' "$state" | grep -qE 'progress|pending|queue|process|running|submit|start'; then break; fi
  [ -n "$task" ] || stop 'No task id. The task may exist and be charged:'
  if [ -n "${last:-}" ] && printf '%s' "$state" | grep -qE '^(complete|succe|done|finish)'; then stop 'No image:'; fi
  [ "$(date +%s)" -lt "$deadline" ] || stop "Task $task is still running:"
  sleep 2; last=$reply; call https://gateway.example/one/api/v1/tasks/"$task"
  case $code in 2??) ;; 408 | 425 | 429 | 5?? | 000) reply=$last ;; *) stop "HTTP $code:" ;; esac
done
number=0
while [ "$number" -lt "$(printf '%s\n' "$images" | wc -l)" ]; do
  number=$((number + 1)) tries=0 file=${task:-image}-$number image=$(printf '%s\n' "$images" | sed -n "${number}p")
  case $image in
    http*) until curl -fsSL -o "$file" "$image"; do [ $((tries += 1)) -lt 6 ] || stop "Not saved:"; sleep 2; done ;;
    *) printf '%s' "${image#*,}" | base64 -d >"$file" ;;
  esac
  case $(head -c 12 "$file" | LC_ALL=C tr -cd 'A-Z<') in PNG*) type=png ;; RIFF*) type=webp ;; GIF*) type=gif ;; '<'*) type=svg ;; *) type=jpg ;; esac
  mv "$file" "$file.$type"; echo "Saved $file.$type"
done
)
