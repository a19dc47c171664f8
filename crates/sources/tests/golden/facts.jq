# One line of facts for each record, tab-separated: kind, vendor id, tenant, time, user, address, application (of a
# sign-in) or activity (of an audit), outcome, error code. `-` stands for nothing.
def there: select(. != null and . != "");
def instant:
  sub(" "; "T") | sub("(Z|\\+00:00)$"; "") | split(".")
  | .[0] + (if .[1] then "." + (.[1][0:7] | sub("0+$"; "")) else "" end | sub("\\.$"; "")) + "Z";
def guid: select(test("^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"));
def code: if type == "number" then . elif test("^[0-9]+$") then tonumber elif . == "Success" then 0 else error end;
def azure_sign_in($e; $p):
  ($p.status.errorCode // $e.resulttype | code) as $code
  | ["sign-in", ($p.id // "-"), ($e.tenantid | guid) // "-", ($p.createdDateTime // $e.time | instant),
     $p.userPrincipalName // $p.servicePrincipalName, $p.ipAddress // $e.calleripaddress, $p.appDisplayName // "-",
     (if $code == 0 then "success" else "failure" end), $code];
def azure_audit($e; $p):
  ["audit", ($p.id // "-"), ($e.tenantid | guid) // "-", ($p.activityDateTime // $e.time | instant),
   $p.initiatedBy.user.userPrincipalName // $p.initiatedBy.app.displayName,
   $p.initiatedBy.user.ipAddress // $e.calleripaddress // $e.ipaddress
     // ([$p.additionalDetails[]? | select(.key == "ipaddr").value] | first) // "-",
   $p.activityDisplayName // $e.operationname, $p.result // $e.result, "-"];
def row:
  ["sign-in", .Id, .AADTenantId, (.CreatedDateTime | instant), .UserPrincipalName, .IPAddress, .AppDisplayName,
   (if .Status.errorCode == 0 then "success" else "failure" end), .Status.errorCode];
if .log then
  (.log | with_entries(.key |= ascii_downcase)) as $e
  | if ($e.category | endswith("SignInLogs")) then azure_sign_in($e; $e.properties) else azure_audit($e; $e.properties) end
else row end
| @tsv
