# Facts of records of many makers in one file.
include "makers"; include "okta"; include "google"; include "onelogin";
def mixed:
  ((.p_log_type // "") | split(".")[0] // "") as $maker
  | if $maker == "Okta" then okta
    elif $maker == "GSuite" then google
    elif $maker == "OneLogin" then onelogin
    elif $maker == "Azure" then
      ["sign-in", .properties.id, (.properties.createdDateTime | instant), .properties.userPrincipalName,
       .properties.ipAddress // .calleripaddress, .properties.appDisplayName,
       (if .properties.status.errorCode == 0 then "success" else "failure: " + .properties.status.failureReason end)] | line
    elif $maker == "" then "rejected\tno format recognises it"
    else "ignored\tthe pipeline's `p_log_type` says `\(.p_log_type)`, which fills no report" end;
