#!/bin/bash
# auto.sh LOOPOPT FILE.loop...: what `auto` proposes for the first sizes of each file, beside the
# schedules that the file has, in a folder .auto of the current one. It prints the proposals, the benchmarks
# of the generated packages, and for each size how fast auto's form is as a part of the fastest other one.
set -euo pipefail
loopopt=$1; shift
rm -rf .auto; mkdir .auto
for file; do
  name=$(basename "$file" .loop); dir=.auto/$name
  mkdir -p "$dir/own"
  cp "$file" "${file%.loop}.sizes" "$dir"; cp "${file%.loop}.sizes" "$dir/own"
  awk '/^schedule /, /^}/ { next } { print }' "$file" >"$dir/own/$name.loop"
  echo "# $name"
  begin=$(date +%s)
  "$loopopt" auto --apply "$dir/own/$name.loop" 2>&1 | sed 's/^/# /' || continue
  echo "# $(($(date +%s) - begin)) s"
  for d in "$dir" "$dir/own"; do
    "$loopopt" gen -o "$d/pkg" "$d/$name.loop" >"$d/gen.log" 2>&1
    "$loopopt" bench --rounds 5 --raw "$d/bench.txt" "$d/pkg" >/dev/null
    cat "$d/bench.txt"
  done
done
for file; do
  name=$(basename "$file" .loop)
  # The fastest round counts: BenchmarkX/size=S/schedule=N/impl=I-2 COUNT T ns/op ...
  awk -v name="$name" '/\/schedule=/ && !/schedule=naive/ && /ns\/op/ {
      split($1, part, "/"); size = ""
      for (i in part) if (part[i] ~ /^size=/) size = substr(part[i], 6)
      kind = FILENAME ~ /own/ ? "auto" : "other"
      if (!((size, kind) in best) || $3 < best[size, kind]) best[size, kind] = $3
      sizes[size] = 1
    } END { for (s in sizes) if ((s, "auto") in best && (s, "other") in best) printf "ratio auto/%s/%s schedules %.3f\n", name, s, best[s, "other"] / best[s, "auto"] }' ".auto/$name/bench.txt" ".auto/$name/own/bench.txt" | sort
done
