"""Two cURL commands, and a script for bash, zsh and BusyBox ash with curl and jq.

Both can be pasted into a terminal. In an interactive zsh a comment is a command that does not exist, so there is none;
the script runs in a subshell, so that ``exit`` leaves the terminal open. zsh gives ``path``, ``status`` and ``prompt`` a
meaning of its own: no variable has these names. dash and BusyBox know neither ``SECONDS`` nor ``<<<``.
"""

from __future__ import annotations

import re
import shlex
from urllib.parse import quote

from components.snippets.call import Call, fill

CURL_LINES = 20
SCRIPT_LINES = 35

CURL = """\
curl @CREATE@ \\
  -H "Authorization: Bearer $@KEY@" \\
  -H 'Content-Type: application/json' \\
  -d @BODY@

curl @STATUS@ \\
  -H "Authorization: Bearer $@KEY@"
"""

SCRIPT = r"""( : 'Creates the images, waits for them, saves them here. For sh, bash and zsh; on Windows for WSL or Git Bash.'
set -eu; : "${@KEY@:?is not set. First run: export @KEY@=your_key}"
for tool in curl jq; do command -v "$tool" >/dev/null || { echo "Install $tool first." >&2; exit 1; }; done
body=@BODY@
call() { reply=$(curl -sS --max-time 120 -w ' %{http_code}' -H "Authorization: Bearer $@KEY@" "$@") || :
  code=${reply##* } reply=${reply% *}; }
get() { printf '%s' "$reply" | jq -r "((.data | objects) // .) | $1" 2>/dev/null || :; }
images() { printf '%s' "$reply" | jq -r 'paths(strings) as $path | select($path | map(strings | test(
  "@ECHO1@" +
  "@ECHO2@"; "i")) | any | not)
  | getpath($path) | select(test("^(@IMAGE@)"))' | awk '!seen[$0]++'; }
stop() { printf '%s\n' "$1" "$reply" >&2; exit 1; }
call -H 'Content-Type: application/json' -d "$body" @CREATE@
case $code in 2??) ;; 000) stop 'No reply. The task may exist and be charged.' ;; *) stop "HTTP $code:" ;; esac
task=$(get '.task_id // .taskId // .id // empty | @uri') deadline=$(($(date +%s) + 600)) number=0
[ -n "$task$(images)" ] || stop 'No task id. The task may exist and be charged:'
while [ -n "$task" ]; do
  [ "$(date +%s)" -lt "$deadline" ] || stop "Task $task is still running:"
  sleep 2; call @STATUS@
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
"""


def write_curl(call: Call) -> str:
    """The request as two cURL commands: create the task, get the task."""
    task = quote(call.task_id, safe="") if call.task_id else "TASK_ID"
    return fill(
        CURL,
        CREATE=shlex.quote(call.create_url),
        STATUS=shlex.quote(call.status_url.replace("{task_id}", task)),
        BODY=_quoted(call.json(CURL_LINES - CURL.count("\n") + 1)),
    )


def write_script(call: Call) -> str:
    """The request as a script that saves the images."""
    before, after = call.status_url.split("{task_id}")
    return fill(
        SCRIPT,
        CREATE=shlex.quote(call.create_url),
        STATUS=shlex.quote(before) + '"$task"' + (shlex.quote(after) if after else ""),
        BODY=_quoted(call.json(SCRIPT_LINES - SCRIPT.count("\n") + 1)),
    )


def _quoted(json: str) -> str:
    """JSON in single quotes. Older versions of bash expand ``!word`` on the later lines of a quoted text, so that sign
    is written as JSON's escape for it."""
    unexpanded = re.sub(r'!(?=[^\s"=(])', r"\\u0021", json)
    return "'" + unexpanded.replace("'", "'\\''") + "'"
