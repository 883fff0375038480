"""bash with curl and POSIX tools only: awk reads the JSON, so that nothing has to be installed."""

from __future__ import annotations

import re
import shlex

from components.snippets.call import (
    DEADLINE_S,
    DONE,
    ECHOES,
    FAILED,
    KEY_NAME,
    POLL_S,
    RESULTS,
    RUNNING,
    STATES,
    Call,
    filled,
)

# The whole stands in parentheses: pasted into a terminal, `exit` must not close it. `read` takes the body
# because a here-document inside $( ) breaks on a single quote in the bash that macOS ships.
TEMPLATE = r"""#!/usr/bin/env bash
# Creates the picture, waits for it and saves it here.
# Needs only the key:  export @KEY@=...
(
set -euo pipefail
: "${@KEY@:?set it to your API key first}"

IFS= read -r -d '' body <<'JSON' || true
@BODY@
JSON

reply=$(curl --silent --show-error --request POST \
  --url @CREATE@ \
  --header "Authorization: Bearer $@KEY@" \
  --header 'Content-Type: application/json' \
  --data-raw "$body")

ask() {
  curl --silent --show-error --url @STATUS@ \
    --header "Authorization: Bearer $@KEY@"
}

# pick NAMES: the value nearest to the top under one of these keys of the JSON in $reply.
# pick: every picture's address under a result key; never from the echo of the request.
pick() {
  printf '%s' "$reply" | SENT=$body awk -v names="${1-}" \
    -v results='@RESULTS@' \
    -v echoes='@ECHOES@' '
  function plain(s,   out, at, code) {
    s = substr(s, 2, length(s) - 2)
    while (at = index(s, "\\")) {
      out = out substr(s, 1, at - 1); code = substr(s, at + 1, 1)
      if (code == "u") {
        n = 0
        for (i = 2; i < 6; i++) n = n * 16 + index("0123456789abcdef", tolower(substr(s, at + i, 1))) - 1
        out = out sprintf("%c", n); s = substr(s, at + 6)
      } else { out = out (code == "n" ? "\n" : code); s = substr(s, at + 2) }
    }
    return out s
  }
  BEGIN { split(names == "" ? results : names, a, " "); for (i in a) want[a[i]]; split(echoes, b, " "); for (i in b) skip[b[i]] }
  { text = text $0 "\n" }
  END {
    while (match(text, /"([^"\\]|\\.)*"|[][{}:,]|[^][{}:," \t\r\n]+/)) {
      token = substr(text, RSTART, RLENGTH); text = substr(text, RSTART + RLENGTH)
      if (token ~ /^[[{]$/) flag[++depth] = mode
      else if (token ~ /^[]}]$/) mode = flag[--depth]
      else if (token == ",") mode = flag[depth]
      else if (token ~ /^"/ && text ~ /^[ \t\r\n]*:/) {
        key = tolower(plain(token)); gsub(/_/, "", key); mode = flag[depth]
        if (mode >= 0) mode = (key in skip) ? -1 : (key in want) ? 1 : mode
      } else if (mode == 1 && token ~ /^"/) {
        value = plain(token)
        if (names != "") { if (!(depth in near)) near[depth] = value }
        else if (value ~ /^[[{]/) text = value text
        else if (value ~ /^(https?:\/\/|data:image\/)/ && !index(ENVIRON["SENT"], "\"" value "\"") && !seen[value]++) print value
      }
    }
    if (names != "") print (2 in near) ? near[2] : near[1]
  }'
}

task=$(pick taskid); [ -n "$task" ] || task=$(pick id)
asked=0; deadline=$((SECONDS + @DEADLINE@))
while :; do
  pictures=$(pick)
  state=$(pick '@STATES@'); [ -n "$state" ] || state=$(pick type)
  case " $(printf '%s' "$state" | tr '[:upper:]' '[:lower:]') " in
    @FAILED@) printf 'The task failed: %s\n' "$reply" >&2; exit 1 ;;
    @RUNNING@) ;;
    *) [ -z "$pictures" ] || break ;;
  esac
  [ -n "$task" ] || { printf 'No task was created: %s\n' "$reply" >&2; exit 1; }
  case " $(printf '%s' "$state" | tr '[:upper:]' '[:lower:]') " in
    @DONE@) [ "$asked" -eq 0 ] || { printf 'Finished without a picture: %s\n' "$reply" >&2; exit 1; } ;;
  esac
  [ "$SECONDS" -lt "$deadline" ] || { printf 'Still running, task %s: %s\n' "$task" "$reply" >&2; exit 1; }
  sleep @POLL@; asked=1; reply=$(ask) || reply=''
done

name=$(printf '%s' "${task:-picture}" | tr -c 'A-Za-z0-9_\n-' '-'); number=0
printf '%s\n' "$pictures" | while IFS= read -r url; do
  number=$((number + 1)); path=${url%%[?#]*}; ending=${path##*.}
  case $ending in png|jpg|jpeg|webp|svg) ;; *) ending=png ;; esac
  case $url in
    data:*) printf '%s' "${url#*,}" | base64 -d > "$name-$number.$ending" ;;
    *) curl --silent --show-error --fail --location --retry 3 --output "$name-$number.$ending" --url "$url" ;;
  esac
  printf 'Saved %s\n' "$name-$number.$ending"
done
)
"""


def write(call: Call) -> str:
    """The request as a bash script."""
    before, after = call.status_url.split("{task_id}")
    return filled(
        TEMPLATE,
        KEY=KEY_NAME,
        # An interactive bash would take !word for history; in JSON the escape is the same character.
        BODY=re.sub(r"!(?=[^\s\"=(])", r"\\u0021", call.json),
        CREATE=shlex.quote(call.create_url),
        STATUS=shlex.quote(before) + '"$task"' + (shlex.quote(after) if after else ""),
        RESULTS=RESULTS,
        ECHOES=ECHOES,
        STATES=STATES,
        RUNNING=_patterns(RUNNING),
        DONE=_patterns(DONE),
        FAILED=_patterns(FAILED),
        DEADLINE=str(DEADLINE_S),
        POLL=str(POLL_S),
    )


def _patterns(words: str) -> str:
    return "|".join(f"' {word} '" for word in words.split())
