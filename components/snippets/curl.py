"""bash with curl and POSIX tools only: awk reads the JSON, so that nothing has to be installed."""

from __future__ import annotations

import re
import shlex

from components.snippets.call import Call, filled

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

# pick NAMES: the value under one of these keys in the reply's "data", else at its top.
# pick: every picture's address under a result key; never from the echo of the request.
pick() {
  printf '%s' "$reply" | SENT=$body awk -v names="${1-}" \
    -v results='@RESULTS@' \
    -v echoes='@ECHOES@' '
  function plain(s,   out, at, code, i, n) {
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
  BEGIN {
    mode = depth = list = 0
    split(names == "" ? results : names, a, " "); for (i in a) want[a[i]]
    split(echoes, b, " "); for (i in b) skip[b[i]]
    sent = ENVIRON["SENT"]; gsub(/\\u0021/, "!", sent)
  }
  { text = text $0 "\n" }
  END {
    while (match(text, /"([^"\\]|\\.)*"|[][{}:,]|[^][{}:," \t\r\n]+/)) {
      token = substr(text, RSTART, RLENGTH); text = substr(text, RSTART + RLENGTH)
      if (token ~ /^[[{]$/) {
        depth++; flag[depth] = mode
        # Where this is: 1 the top, 2 its "data" (or the first member of that list), 0 anywhere else.
        place[depth] = depth == 1 ? 1 : depth == 2 && key == "data" ? 2 : depth == 3 && list && place[2] == 2 ? 2 : 0
        if (depth == 2) list = token == "["
        if (depth == 3) list = 0
      } else if (token ~ /^[]}]$/) mode = flag[--depth]
      else if (token == ",") mode = flag[depth]
      else if (token ~ /^"/ && text ~ /^[ \t\r\n]*:/) {
        key = tolower(plain(token)); gsub(/_/, "", key); mode = flag[depth]
        if (mode >= 0) mode = (key in skip) ? -1 : (key in want) ? 1 : mode
      } else if (token ~ /^"/) {
        value = plain(token)
        if (depth == 1 && key == "data" && value ~ /^[[{]/) text = value text
        else if (mode == 1 && names == "" && value ~ /^[[{]/) text = value text
        else if (mode == 1 && names != "" && place[depth] && value != "" && !(place[depth] in near)) near[place[depth]] = value
        else if (mode == 1 && names == "" && value ~ /^(https?:\/\/|data:image\/)/ && !index(sent, "\"" value "\"") && !seen[value]++) print value
      } else if (mode == 1 && names ~ /id$/ && token ~ /^[0-9]+$/ && place[depth] && !(place[depth] in near)) near[place[depth]] = token
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
  case $url in data:image/*) ending=${url#data:image/}; ending=${ending%%[;,+]*} ;; esac
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
    words = call.words
    cases = {name: "|".join(f"' {word} '" for word in words[name].split()) for name in ("RUNNING", "DONE", "FAILED")}
    own = {
        # An interactive bash would take !word for history; in JSON the escape is the same character.
        "BODY": re.sub(r"!(?=[^\s\"=(])", r"\\u0021", call.json),
        "CREATE": shlex.quote(call.create_url),
        "STATUS": shlex.quote(before) + '"$task"' + (shlex.quote(after) if after else ""),
    }
    return filled(TEMPLATE, **{**words, **cases, **own})
