(
: 'Creates the images, waits for them and saves them here. Runs in sh, bash and zsh with curl and jq.'
set -eu
: "${API_IN_ONE_KEY:?is not set. First run: export API_IN_ONE_KEY=your_key}"
for tool in curl jq; do command -v "$tool" >/dev/null || { echo "Install $tool first." >&2; exit 1; }; done
body='{"model": "flux-2", "type": "pro", "prompt": "A fox in the snow,\nprinted as a woodcut. It says \"It'\''s cold\u0021\"", "aspect_ratio": "1:1", "resolution": "1K"}'
call() {
  reply=$(curl -sS --max-time 120 -w ' %{http_code}' -H "Authorization: Bearer $API_IN_ONE_KEY" "$@") || true
  code=${reply##* } reply=${reply% *}
}
get() { printf '%s' "$reply" | jq -r "(.data // .) | $1" 2>/dev/null; }
stop() { printf '%s\n' "$1" "$reply" >&2; exit 1; }

call -H 'Content-Type: application/json' -d "$body" https://gateway.example/one/api/v1/images/generations
case $code in 2??) ;; 000) stop 'No reply. The task may exist and be charged.' ;; *) stop "HTTP $code:" ;; esac
task=$(get '.task_id // .taskId // .id // empty | @uri') && [ -n "$task" ] || stop 'No task id. The task may exist and be charged:'
deadline=$(($(date +%s) + 600))
while :; do
  [ "$(date +%s)" -lt "$deadline" ] || stop "Task $task is still running:"
  sleep 2; call https://gateway.example/one/api/v1/tasks/"$task"
  case $code in 2??) ;; 000 | 408 | 425 | 429 | 5??) continue ;; *) stop "HTTP $code:" ;; esac
  state=$(get '.status // .type // "" | ascii_downcase') || continue
  case $state in complete* | succe* | done | finish*) break ;;
    *fail* | *error* | *cancel* | *abort* | *reject* | *expire*) stop 'The task failed:' ;; esac
done
images=$(get '.output // . | .images? // .response? // .response_data? // .
  | if type == "array" then .[] else . end | .url? // .image_url? // . | strings') && [ -n "$images" ] || stop 'No image:'
number=0
printf '%s\n' "$images" | while IFS= read -r url; do
  number=$((number + 1)) file=$task-$number
  case $url in data:*) printf '%s' "${url#*,}" | base64 -d >"$file" ;; *) curl -fsSL -o "$file" "$url" || stop "Not saved: $url" ;; esac
  case $(head -c 4 "$file" | LC_ALL=C tr -cd 'A-Z<') in PNG) type=png ;; RIFF) type=webp ;; '<'*) type=svg ;; *) type=jpg ;; esac
  mv "$file" "$file.$type"; echo "Saved $file.$type"
done
)
