# From what psql printed of plans.sql: one line a plan, with who asked what before it. Control
# characters part the columns, because a plan contains everything else.
/NOTICE:  asked by / {
  sub(/.*NOTICE:  asked by /, "")
  role = relation = $0
  sub(/: .*/, "", role)
  sub(/^[a-z]*: /, "", relation)
  next
}
/ERROR:  / {
  sub(/.*ERROR:  /, "")
  gsub(/["\\]/, "")
  print role "\001" relation "\001" "{\"error\": \"" $0 "\"}"
  next
}
$0 == "{" { plan = ""; inside = 1 }
inside { plan = plan $0 }
$0 == "}" {
  if (role != "") print role "\001" relation "\001" plan
  inside = 0
}
