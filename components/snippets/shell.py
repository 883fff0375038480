"""Two cURL commands, and a script for bash, zsh and BusyBox ash with curl and jq.

Both can be pasted into a terminal. In an interactive zsh a comment is a command that does not exist, so there is none;
the script runs in a subshell, so that ``exit`` leaves the terminal open. zsh gives ``path``, ``status`` and ``prompt`` a
meaning of its own: no variable has these names. dash and BusyBox know neither ``SECONDS`` nor ``<<<``.
"""

from __future__ import annotations

import re
import shlex
from urllib.parse import quote

from components.snippets.call import DONE, FAILED, Call, fill

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
set -eu; task='' lost='' number=0; : "${@KEY@:?is not set. First run: export @KEY@=your_key}"
for tool in curl jq; do command -v "$tool" >/dev/null || { echo "Install $tool first." >&2; exit 1; }; done
body=@BODY@
ext='@KINDS@'
call() { reply=$(curl -sS --max-time 120 -w ' %{http_code}' -H "Authorization: Bearer $@KEY@" "$@") || :
  code=${reply##* } reply=${reply% *}; }
get() { printf '%s' "$reply" | jq -r "((.data | objects) // .) | $1" 2>/dev/null || :; }
state() { get '.status // .state // .task_status // .type // "" | tostring | ascii_downcase'; }
images() { printf '%s' "$reply" | jq -c --argjson sent "$body" 'walk(if type == "object" then with_entries(select(.key
  | test("@ECHO1@" +
  "@ECHO2@"; "i") | not))
  elif . as $it | any($sent | ..; . == $it) then "" else . end)' 2>/dev/null | sed 's/\\\\*[nr]//g' |
  grep -oE '"(@IMAGE@)[^"\\<]+' | cut -c2- | awk '!seen[$0]++'; }
stop() { printf '%s. Reply: %s\n' "${task:+Task $task: }$1" "${reply:-nothing}" >&2; exit 1; }
load() { case $1 in http*) curl -fsgL --max-time 120 -o "$file" "$1" ;; *) printf '%s===' "${1##*,}" |
  sed 's/%2[Bb]/+/g; s/%2[Ff]/\//g; s/%3[Dd]//g; s/ //g; y/-_/+\//' | base64 -d >"$file" 2>/dev/null || : ;; esac &&
  kind=$(printf '%s' "$ext" | jq -er ".[\"$(od -An -tx1 -N3 "$file" | tr -d ' \n')\"]"); }
call -H 'Content-Type: application/json' -d "$body" @CREATE@
case $code in 2??) ;; 000 | 5??) stop "HTTP $code. The task may exist and be charged" ;; *) stop "HTTP $code" ;; esac
task=$(get '.task_id // .taskId // .id // empty | @uri') deadline=$(($(date +%s) + 600))
[ -n "$task$(images)" ] || stop 'No task id. The task may exist and be charged'; word=$([ -z "$(images)" ] || state)
while [ -n "$task" ]; do
  case $word in not* | unf*) ;; unsucc*) stop failed ;; @DONE@) break ;;
    @FAILED@) stop failed ;; esac
  [ "$(date +%s)" -lt "$deadline" ] || stop 'still running'
  sleep 2; call @STATUS@
  case $code in 2??) word=$(state) ;; 000 | 408 | 425 | 429 | 5??) ;; *) stop "HTTP $code" ;; esac; done
[ -n "$(images)" ] || stop 'no image'
images | { while IFS= read -r url; do number=$((number + 1)) tries=5 file=./${task:-$(date +%s)}-$number
  until load "$url"; do tries=$((tries - 1)); [ "$tries" -gt 0 ] && sleep 2 || break; done
  [ "$tries" -gt 0 ] || { rm -f "$file"; lost="$lost $url"; continue; }
  mv "$file" "$file.$kind"; echo "Saved ${file#./}.$kind"; done; [ -z "$lost" ] || stop "not saved:$lost"; } )
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
        DONE=_patterns(DONE),
        FAILED=_patterns(FAILED),
        CREATE=shlex.quote(call.create_url),
        STATUS=shlex.quote(before) + '"$task"' + (shlex.quote(after) if after else ""),
        BODY=_quoted(call.json(SCRIPT_LINES - SCRIPT.count("\n") + 1)),
    )


def _patterns(words: str) -> str:
    """A regular expression of words as the patterns of ``case``."""
    return "|".join(f"*{word}*" for word in words.split("|"))


def _quoted(json: str) -> str:
    """JSON in single quotes. Older versions of bash expand ``!word`` on the later lines of a quoted text, so that sign
    is written as JSON's escape for it."""
    unexpanded = re.sub(r'!(?=[^\s"=(])', r"\\u0021", json)
    return "'" + unexpanded.replace("'", "'\\''") + "'"
