"""Two cURL commands, and a script for every POSIX shell with curl and jq.

Both can be pasted into a terminal. In an interactive zsh a comment is a command that does not exist, so there is none;
the script runs in a subshell, so that ``exit`` leaves the terminal open. zsh gives ``path``, ``status`` and ``prompt`` a
meaning of its own: no variable has these names. dash and BusyBox know neither ``SECONDS`` nor ``<<<``.
"""

from __future__ import annotations

import re
import shlex
from urllib.parse import quote

from components.snippets.call import KEY_NAME, PATTERNS, Call, fill

CURL_LINES = 20
SCRIPT_LINES = 55

CURL = """\
curl @CREATE@ \\
  -H "Authorization: Bearer $@KEY@" \\
  -H 'Content-Type: application/json' \\
  -d @BODY@

curl @STATUS@ \\
  -H "Authorization: Bearer $@KEY@"
"""

SCRIPT = r"""(
: 'Creates the images, waits for them and saves them here. Runs in sh, bash and zsh with curl and jq; on Windows in WSL.'
set -eu
: "${@KEY@:?is not set. First run: export @KEY@=your_key}"
for tool in curl jq base64; do command -v "$tool" >/dev/null || { echo "Install $tool first." >&2; exit 1; }; done
[ -w . ] || { echo 'Nothing can be saved in this folder.' >&2; exit 1; }
body=@BODY@
call() {
  reply=$(curl -sS --max-time 120 -w ' %{http_code}' -H "Authorization: Bearer $@KEY@" "$@") || true
  code=${reply##* } reply=${reply% *}
}
read_reply() { printf '%s' "$reply" | tr '\001-\037' ' ' | jq -r --argjson body "$body" "$1" 2>/dev/null; }
stop() { printf '%s\n' "$1" "$reply" >&2; exit 1; }
find_task='((.data | objects) // .) | .task_id // .taskId // .id // .request_id // empty | tostring | @uri'
find_state='(.code // 200) as $code | ((.data | objects) // .) | .status // .state // .task_status // .type
  // (if $code | tostring | test("^(0|1|200)$") then "" else "error" end) | tostring | ascii_downcase'
find_images='[paths(strings) as $p | ($p | map(strings | gsub("_"; "") | ascii_downcase)) as $keys
  | select(any($keys[]; test("@RESULT@")) and all($keys[]; test("@OTHER@") | not))
  | getpath($p) | select(test("@IMAGE@"))] - [$body | .. | strings] | reduce .[] as $i ([]; if index($i) then . else . + [$i] end) | .[]'

call -H 'Content-Type: application/json' -d "$body" @CREATE@
case $code in 2??) ;; *) stop "HTTP $code:" ;; esac
task=$(read_reply "$find_task") || stop 'The reply is no JSON. The task may exist and be charged:'
deadline=$(($(date +%s) + 600))
while :; do
  state=$(read_reply "$find_state") || state=running
  images=$(read_reply "$find_images") || images=''
  if printf '%s' "$state" | grep -qE '@FAILED@'; then stop 'The task failed:'; fi
  if [ -n "$images" ] && ! printf '%s' "$state" | grep -qE '@RUNNING@'; then break; fi
  [ -n "$task" ] || stop 'No task id. The task may exist and be charged:'
  if [ -n "${last:-}" ] && printf '%s' "$state" | grep -qE '@DONE@'; then stop 'No image:'; fi
  [ "$(date +%s)" -lt "$deadline" ] || stop "Task $task is still running:"
  sleep 2; last=$reply; call @STATUS@
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
"""


def write_curl(call: Call) -> str:
    """The request as two cURL commands: create the task, get the task."""
    task = quote(call.task_id, safe="") if call.task_id else "TASK_ID"
    return fill(
        CURL,
        KEY=KEY_NAME,
        CREATE=shlex.quote(call.create_url),
        STATUS=shlex.quote(call.status_url.replace("{task_id}", task)),
        BODY=_quoted(call.json(CURL_LINES - CURL.count("\n") + 1)),
    )


def write_script(call: Call) -> str:
    """The request as a script that saves the images."""
    before, after = call.status_url.split("{task_id}")
    return fill(
        SCRIPT,
        **PATTERNS,
        KEY=KEY_NAME,
        CREATE=shlex.quote(call.create_url),
        STATUS=shlex.quote(before) + '"$task"' + (shlex.quote(after) if after else ""),
        BODY=_quoted(call.json(SCRIPT_LINES - SCRIPT.count("\n") + 1)),
    )


def _quoted(json: str) -> str:
    """JSON in single quotes. Older versions of bash expand ``!word`` on the later lines of a quoted text, so that sign
    is written as JSON's escape for it."""
    unexpanded = re.sub(r'!(?=[^\s"=(])', r"\\u0021", json)
    return "'" + unexpanded.replace("'", "'\\''") + "'"
