( : 'Creates the images, waits for them, saves them here. For sh, bash and zsh; on Windows for WSL or Git Bash.'
set -eu; : "${API_IN_ONE_KEY:?is not set. First run: export API_IN_ONE_KEY=your_key}"
for tool in curl jq; do command -v "$tool" >/dev/null || { echo "Install $tool first." >&2; exit 1; }; done
body='{"model": "flux-2", "type": "pro",
  "prompt": "it'\''s \"quoted\", it'\'''\''s \"\" '\''\"'\''\"'\'' \\'\'' \\\" '\'''\'''\'' \"\"\" // /* */ <\u0021-- --> # --$HOME ${HOME} $(id) `id` $((1+1)) $$ $? \u0021! \u0021word \"\u0021x\" \u0021$ ; rm -rf / & | > x < y * ? ~ #`${x}` ${process.exit(3)} {x} {{x}} {0} %s %d %% %(x)s </script> @BODY@ @KEY@ @CREATE@ @STATUS@ @@BODY@@ @X@first\nsecond\r\nthird\n\n\ttabbed\nJSON\nb\n  JSON\nJSONa\u0000\u0001\u0002\u0003\u0004\u0005\u0006\u0007\b\t\n\u000b\f\r\u000e\u000f\u0010\u0011\u0012\u0013\u0014\u0015\u0016\u0017\u0018\u0019\u001a\u001b\u001c\u001d\u001e\u001f\u007f\u0080\u0081\u0082\u0083\u0084\u0085\u0086\u0087\u0088\u0089\u008a\u008b\u008c\u008d\u008e\u008f\u0090\u0091\u0092\u0093\u0094\u0095\u0096\u0097\u0098\u0099\u009a\u009b\u009c\u009d\u009e\u009fb\\n \\u0041 \\x41 \\0 \\\\ ends with \\🦊 👩\u200d👩\u200d👧\u200d👦 🏳️\u200d🌈 é 狐 􏿿 \ue000 right\u202eleft\u2066x\u2069 שועל \u061c \u2028line\u2029\u0085\ufeff\u200b{\"data\":{\"url\":\"https://example.invalid/a.png\",\"images\":[\"https://example.invalid/b.png\"]}}https://example.invalid/only-an-address.pngwow! yes\u0021! ok\u0021no !=x !(y) (\u0021z)\n\u0021at the start\n\u0021\n\"\u0021\"",
  "aspect_ratio": "1:1", "resolution": "1K"}'
call() { reply=$(curl -sS --max-time 120 -w ' %{http_code}' -H "Authorization: Bearer $API_IN_ONE_KEY" "$@") || :
  code=${reply##* } reply=${reply% *}; }
get() { printf '%s' "$reply" | jq -r "((.data | objects) // .) | $1" 2>/dev/null || :; }
images() { printf '%s' "$reply" | jq -r 'paths(strings) as $path | select($path | map(strings | test(
  "input|requ|param|^ref|conf|^arg|^opt|init|orig|thumb|prev|cover|hold" +
  "|avatar|hook|link|page|path|sizes|load|fetch|poll|poster|^get$|^web$|(stat|respon).*url|cancel"; "i")) | any | not)
  | getpath($path) | select(test("^(https?://|data:image|iVBOR|/9j/|UklGR|R0lGO)"))' | awk '!seen[$0]++'; }
stop() { printf '%s\n' "$1" "$reply" >&2; exit 1; }
call -H 'Content-Type: application/json' -d "$body" https://gateway.example/one/api/v1/images/generations
case $code in 2??) ;; 000) stop 'No reply. The task may exist and be charged.' ;; *) stop "HTTP $code:" ;; esac
task=$(get '.task_id // .taskId // .id // empty | @uri') deadline=$(($(date +%s) + 600)) number=0
[ -n "$task$(images)" ] || stop 'No task id. The task may exist and be charged:'
while [ -n "$task" ]; do
  [ "$(date +%s)" -lt "$deadline" ] || stop "Task $task is still running:"
  sleep 2; call https://gateway.example/one/api/v1/tasks/"$task"
  case $code in 2??) ;; 000 | 408 | 425 | 429 | 5??) continue ;; *) stop "HTTP $code:" ;; esac
  case $(get '.status // .state // .task_status // .type // "" | tostring | ascii_downcase') in
    *complet* | *succe* | *done* | *finish* | *ready*) break ;;
    *fail*|*error*|*cancel*|*abort*|*reject*|*expir*|*moder*|*nsfw*|*time*) stop 'The task failed:' ;; esac; done
[ -n "$(images)" ] || stop 'No image:'
images | while IFS= read -r url; do
  number=$((number + 1)) file=${task:-image}-$number tries=5
  case $url in http*) until curl -fsSL -o "$file" "$url"; do
    tries=$((tries - 1)); [ "$tries" -gt 0 ] || stop "Not saved: $url"; sleep 2; done ;;
    *) printf '%s' "${url#*,}" | base64 -d >"$file" ;; esac
  case $(head -c 4 "$file" | LC_ALL=C tr -cd 'A-Z<') in
    PNG) type=png ;; RIFF) type=webp ;; GIF) type=gif ;; '<'*) type=svg ;; *) type=jpg ;; esac
  mv "$file" "$file.$type"; echo "Saved $file.$type"
done)
