"""Two cURL commands, and a script for bash and zsh with curl and jq.

Both can be pasted into a terminal. In an interactive zsh a comment is a command that does not exist, so there is one
at most and it holds words only; the script runs in a subshell, so that ``exit`` leaves the terminal open. zsh gives
``path``, ``status`` and ``prompt`` a meaning of its own: no variable has these names.
"""

from __future__ import annotations

import re
import shlex
from urllib.parse import quote

from components.snippets.call import KEY_NAME, Call, fill

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

SCRIPT = r"""# Creates the images, waits for them and saves them here. Runs in bash and zsh with curl and jq.
(
set -eu
: "${@KEY@:?is not set. First run: export @KEY@=your_key}"
for tool in curl jq; do command -v "$tool" >/dev/null || { echo "Install $tool first." >&2; exit 1; }; done
body=@BODY@
call() { curl -sS --fail-with-body --max-time 120 -H "Authorization: Bearer $@KEY@" "$@"; }
stop() { printf '%s\n' "$1" "$reply" >&2; exit 1; }

reply=$(call -H 'Content-Type: application/json' -d "$body" @CREATE@) || stop 'The request failed:'
task=$(jq -r '(.data // .) | .task_id // .taskId // .id // empty' <<<"$reply") && [ -n "$task" ] || stop 'No task id:'
deadline=$((SECONDS + 600))
while :; do
  state=$(jq -r '(.data // .) | .status // .type // "" | ascii_downcase' <<<"$reply") || state=''
  case $state in completed | success) break ;; failed | error | cancelled) stop 'The task failed:' ;; esac
  [ "$SECONDS" -lt "$deadline" ] || stop "Task $task is still running:"
  sleep 2; reply=$(call @STATUS@) || true # a poll may fail, the task goes on
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
