#!/bin/sh
# lint_page.sh PROGRAM: promtool has no complaint about the page that PROGRAM prints, and has one
# about a page that deserves it.
page=$("$1") || exit 1
words=$(printf '%s\n' "$page" | promtool check metrics 2>&1) || { echo "$words"; exit 1; }
[ -z "$words" ] || { echo "$words"; exit 1; }
case $page in *sluice_build_info*) ;; *) echo "the page is not whole"; exit 1 ;; esac
if printf '# TYPE sluice_x counter\nsluice_x 1\n' | promtool check metrics >/dev/null 2>&1; then
  echo "promtool passes what it should not"
  exit 1
fi
