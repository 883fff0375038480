( : 'Creates the images, waits for them, saves them here. For sh, bash and zsh; on Windows for WSL or Git Bash.'
set -eu; task='' lost='' number=0; : "${API_IN_ONE_KEY:?is not set. First run: export API_IN_ONE_KEY=your_key}"
for tool in curl jq; do command -v "$tool" >/dev/null || { echo "Install $tool first." >&2; exit 1; }; done
body='{"model": "flux-2", "type": "pro",
  "prompt": "A fox in the snow,\nprinted as a woodcut. It says \"It'\''s cold\u0021\"", "aspect_ratio": "1:1",
  "resolution": "1K"}'
ext='{"89504e":"png","ffd8ff":"jpg","524946":"webp","474946":"gif","000000":"avif","3c7376":"svg","3c3f78":"svg"}'
call() { reply=$(curl -sS --max-time 120 -w ' %{http_code}' -H "Authorization: Bearer $API_IN_ONE_KEY" "$@") || :
  code=${reply##* } reply=${reply% *}; }
get() { printf '%s' "$reply" | jq -r "((.data | objects) // .) | $1" 2>/dev/null || :; }
state() { get '.status // .state // .task_status // .type // "" | tostring | ascii_downcase'; }
images() { printf '%s' "$reply" | jq -c --argjson sent "$body" 'walk(if type == "object" then with_entries(select(.key
  | test("input|requ|param|^ref|conf|^arg|^opt|init|orig|thumb|prev|cover|hold|blur" +
  "|avatar|hook|callb|link|page|path|sizes|load|fetch|poll|poster|^get$|^web$|(stat|respon).*url|cancel"; "i") | not))
  elif . as $it | any($sent | ..; . == $it) then "" else . end)' 2>/dev/null | sed 's/\\\\*[nr]//g' |
  grep -oE '"(https?://|data:image|iVBOR|/9j/|UklGR|R0lGO)[^"\\<]+' | cut -c2- | awk '!seen[$0]++'; }
stop() { printf '%s. Reply: %s\n' "${task:+Task $task: }$1" "${reply:-nothing}" >&2; exit 1; }
load() { case $1 in http*) curl -fsgL --max-time 120 -o "$file" "$1" ;; *) printf '%s===' "${1##*,}" |
  sed 's/%2[Bb]/+/g; s/%2[Ff]/\//g; s/%3[Dd]//g; s/ //g; y/-_/+\//' | base64 -d >"$file" 2>/dev/null || : ;; esac &&
  kind=$(printf '%s' "$ext" | jq -er ".[\"$(od -An -tx1 -N3 "$file" | tr -d ' \n')\"]"); }
call -H 'Content-Type: application/json' -d "$body" https://gateway.example/one/api/v1/images/generations
case $code in 2??) ;; 000 | 5??) stop "HTTP $code. The task may exist and be charged" ;; *) stop "HTTP $code" ;; esac
task=$(get '.task_id // .taskId // .id // empty | @uri') deadline=$(($(date +%s) + 600))
[ -n "$task$(images)" ] || stop 'No task id. The task may exist and be charged'; word=$([ -z "$(images)" ] || state)
while [ -n "$task" ]; do
  case $word in not* | unf*) ;; unsucc*) stop failed ;; *complet*|*succe*|*done*|*finish*|*ready*) break ;;
    *unsucc*|*fail*|*error*|*cancel*|*abort*|*reject*|*expir*|*moder*|*termin*|*nsfw*|*time*) stop failed ;; esac
  [ "$(date +%s)" -lt "$deadline" ] || stop 'still running'
  sleep 2; call https://gateway.example/one/api/v1/tasks/"$task"
  case $code in 2??) word=$(state) ;; 000 | 408 | 425 | 429 | 5??) ;; *) stop "HTTP $code" ;; esac; done
[ -n "$(images)" ] || stop 'no image'
images | { while IFS= read -r url; do number=$((number + 1)) tries=5 file=./${task:-$(date +%s)}-$number
  until load "$url"; do tries=$((tries - 1)); [ "$tries" -gt 0 ] && sleep 2 || break; done
  [ "$tries" -gt 0 ] || { rm -f "$file"; lost="$lost $url"; continue; }
  mv "$file" "$file.$kind"; echo "Saved ${file#./}.$kind"; done; [ -z "$lost" ] || stop "not saved:$lost"; } )
