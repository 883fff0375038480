( : 'Creates the images, waits for them, saves them here. For sh, bash and zsh; on Windows for WSL or Git Bash.'
set -eu; task='' lost='' number=0; : "${API_IN_ONE_KEY:?is not set. First run: export API_IN_ONE_KEY=your_key}"
for tool in curl jq; do command -v "$tool" >/dev/null || { echo "Install $tool first." >&2; exit 1; }; done
body='{"model": "flux-2", "type": "pro",
  "prompt": "it'\''s \"quoted\", it'\'''\''s \"\" '\''\"'\''\"'\'' \\'\'' \\\" '\'''\'''\'' \"\"\" // /* */ <\u0021-- --> # --$HOME ${HOME} $(id) `id` $((1+1)) $$ $? \u0021! \u0021word \"\u0021x\" \u0021$ ; rm -rf / & | > x < y * ? ~ #`${x}` ${process.exit(3)} {x} {{x}} {0} %s %d %% %(x)s </script> @BODY@ @KEY@ @CREATE@ @STATUS@ @@BODY@@ @X@first\nsecond\r\nthird\n\n\ttabbed\nJSON\nb\n  JSON\nJSONa\u0000\u0001\u0002\u0003\u0004\u0005\u0006\u0007\b\t\n\u000b\f\r\u000e\u000f\u0010\u0011\u0012\u0013\u0014\u0015\u0016\u0017\u0018\u0019\u001a\u001b\u001c\u001d\u001e\u001f\u007f\u0080\u0081\u0082\u0083\u0084\u0085\u0086\u0087\u0088\u0089\u008a\u008b\u008c\u008d\u008e\u008f\u0090\u0091\u0092\u0093\u0094\u0095\u0096\u0097\u0098\u0099\u009a\u009b\u009c\u009d\u009e\u009fb\\n \\u0041 \\x41 \\0 \\\\ ends with \\🦊 👩\u200d👩\u200d👧\u200d👦 🏳️\u200d🌈 é 狐 􏿿 \ue000 right\u202eleft\u2066x\u2069 שועל \u061c \u2028line\u2029\u0085\ufeff\u200b{\"data\":{\"url\":\"https://example.invalid/a.png\",\"images\":[\"https://example.invalid/b.png\"]}}https://example.invalid/only-an-address.pngwow! yes\u0021! ok\u0021no !=x !(y) (\u0021z)\n\u0021at the start\n\u0021\n\"\u0021\"",
  "aspect_ratio": "1:1", "resolution": "1K"}'
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
