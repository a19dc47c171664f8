# One line of facts for each event of Windows, tab-separated: file, number of the event, and for one that tells something
# kind, time to the microsecond, user or actor, address, outcome, target. `-` stands for nothing.
# The input is {file, record}, the record as the Python package `evtx` gives it (records_json).
def there: if . == null or . == "" or . == "-" then null else . end;
def account($domain; $name):
  ($name | there) as $name | ($domain | there) as $domain
  | if $name == null then null elif $domain == null or ($name | test("[@\\\\]")) then $name else "\($domain)\\\($name)" end;
def hex: ltrimstr("0x") | ascii_downcase | explode
  | reduce .[] as $digit (0; . * 16 + (if $digit > 96 then $digit - 87 else $digit - 48 end));
def micros: sub("Z$"; "") | split(".") | .[0] + "." + (((.[1] // "") + "000000")[0:6]);
def address: (there // "-") | ltrimstr("::ffff:");
def system_account($d):
  (($d.TargetUserSid // $d.TargetSid // "") | test("^S-1-5-(7|18|19|20|80-.*|82-.*|83-.*|90-.*|96-.*|111-.*)$"))
  or ($d.TargetDomainName // "" | test("^(NT AUTHORITY|VIRTUAL USERS|Window Manager|Font Driver Host)$"))
  or ($d.TargetUserName // "" | test("\\$(@.*)?$"));
def code($id; $d):
  if $id == 4625 then ([$d.SubStatus, $d.Status] | map(hex) | map(select(. != 0)) | first)
  elif $id == 4768 or $id == 4771 or $id == 4776 then ($d.Status | hex)
  else 0 end;
.file as $file | .record.Event as $e | $e.System.EventID as $id | ($e.EventData // {}) as $d
| ($e.System.TimeCreated."#attributes".SystemTime | micros) as $time
| ({"4720": "Add user", "4722": "Enable account", "4723": "Change user password", "4724": "Reset user password",
    "4725": "Disable account", "4726": "Delete user", "4728": "Add member to group", "4729": "Remove member from group",
    "4732": "Add member to group", "4733": "Remove member from group", "4738": "Update user", "4740": "Lock out account",
    "4756": "Add member to group", "4757": "Remove member from group", "4767": "Unlock account", "4781": "Update user"}
   [$id | tostring]) as $activity
| (($e.System.Keywords | hex) / 4503599627370496 | floor % 2 == 1) as $is_failure
| if $activity then
    (if $d.MemberSid then ($d.MemberName | there) // $d.MemberSid
     else account($d.TargetDomainName; $d.NewTargetUserName // $d.TargetUserName) end) as $target
    | [$file, $id, $activity, $time, account($d.SubjectDomainName; $d.SubjectUserName), "-",
       (if $is_failure then "failure" else "success" end), $target]
  elif $id == 4648 and (system_account($d) | not) then
    [$file, $id, "Logon attempted with explicit credentials", $time, account($d.SubjectDomainName; $d.SubjectUserName),
     ($d.IpAddress | address), "-", account($d.TargetDomainName; $d.TargetUserName)]
  elif ([4624, 4625, 4768, 4771, 4776] | index($id))
       and (system_account($d) | not)
       and ($id != 4624 or ([2, 3, 7, 8, 10, 11, 12, 13] | index($d.LogonType))) then
    [$file, $id, "sign-in", $time,
     account(($d.TargetDomainName | there) // (($d.ServiceName // "") | select(startswith("krbtgt/")) | ltrimstr("krbtgt/")) // null;
             $d.TargetUserName) // "-",
     ($d.IpAddress | address), code($id; $d), "-"]
  else [$file, $id, "ignored"] end
| map(tostring) | join("\t")
