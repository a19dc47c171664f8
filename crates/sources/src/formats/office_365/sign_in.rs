//! Sign-ins to the directory, as the unified audit log tells them.

use super::identities::Identity;
use super::{is_guid, named, told};
use crate::address;
use crate::fields::Fields;
use model::event::{Device, SignIn, SignInKind};

/// The error code of a sign-in that failed and whose record has no number for it.
const FAILED_WITHOUT_CODE: i64 = 1;

/// Reads a record of type `AzureActiveDirectoryStsLogon` or `AzureActiveDirectoryAccountLogon`. Fails if it does not say
/// whether the sign-in succeeded.
pub(super) fn read(fields: Fields<'_>) -> Result<SignIn, String> {
    let error_code = error_code(fields)?;
    let extended = fields.list("ExtendedProperties");
    let actor = Identity::of(&fields.list("Actor"));
    let target = Identity::of(&fields.list("Target"));
    let user = fields.text("UserId").and_then(told);
    let key = fields.text("UserKey").and_then(told);
    let kind = kind(fields);
    let is_person = kind != SignInKind::ServicePrincipal;
    let id = actor.id.or_else(|| {
        [&user, &key]
            .into_iter()
            .flatten()
            .find(|id| is_guid(id))
            .cloned()
    });
    let name = actor
        .principal_name
        .or_else(|| user.filter(|name| !is_guid(name)));
    Ok(SignIn {
        kind,
        user_id: id.clone().filter(|_| is_person),
        user_principal_name: name.clone().filter(|_| is_person),
        user_display_name: actor.name.filter(|_| is_person),
        app_id: fields.text("ApplicationId").and_then(told),
        app_display_name: fields.text("Application").and_then(told),
        resource_id: target.id.or_else(|| fields.text("ObjectId").and_then(told)),
        service_principal_id: id.filter(|_| !is_person),
        service_principal_name: name.filter(|_| !is_person),
        ip_address: ["ClientIP", "ActorIpAddress"]
            .iter()
            .find_map(|name| address::normalise(&fields.text(name)?)),
        device: device(fields),
        client_app: fields.text("Client"),
        user_agent: named(&extended, "UserAgent"),
        error_code,
        failure_reason: fields.text("LogonError").filter(|_| error_code != 0),
        additional_details: named(&extended, "ResultStatusDetail")
            .filter(|detail| !detail.eq_ignore_ascii_case("success")),
        correlation_id: fields.text("InterSystemsId"),
        ..SignIn::default()
    })
}

/// By the schema's `UserType`: 5 is an application, 6 a service principal. Whether a person sat at a screen it does not say.
fn kind(fields: Fields<'_>) -> SignInKind {
    let user_type = fields.text("UserType").unwrap_or_default();
    match user_type.to_ascii_lowercase().as_str() {
        "5" | "6" | "application" | "serviceprincipal" => SignInKind::ServicePrincipal,
        _ => SignInKind::Interactive,
    }
}

fn device(fields: Fields<'_>) -> Device {
    let properties = fields.list("DeviceProperties");
    Device {
        id: named(&properties, "Id"),
        display_name: named(&properties, "DisplayName"),
        operating_system: named(&properties, "OS"),
        browser: named(&properties, "BrowserType"),
    }
}

/// `ResultStatus` says `Succeeded` of failures, too: it is the answer to the request, not to the person. What counts is the
/// number, then the error's name, then the operation.
fn error_code(fields: Fields<'_>) -> Result<i64, String> {
    // Samples have `ErrorNumber`, the schema calls it `ErrorCode`; `LoginStatus` is that of OrgId.
    let numbers = ["ErrorNumber", "ErrorCode", "LoginStatus"];
    let number = numbers.iter().find_map(|name| fields.integer(name));
    if let Some(number) = number.filter(|number| *number != 0) {
        return Ok(number);
    }
    let error = fields.text("LogonError");
    if let Some(name) = error.filter(|name| !name.eq_ignore_ascii_case("none")) {
        return Ok(code_of(&name));
    }
    let operation = fields.text("Operation").unwrap_or_default().to_ascii_lowercase();
    let result = fields
        .text("ResultStatus")
        .unwrap_or_default()
        .to_ascii_lowercase();
    let says_failed = |text: &str| text.contains("fail");
    if says_failed(&operation) || says_failed(&result) {
        return Ok(FAILED_WITHOUT_CODE);
    }
    let says_succeeded = number == Some(0) || operation == "userloggedin" || result.starts_with("succe");
    if says_succeeded {
        return Ok(0);
    }
    Err(
        "it does not say whether the sign-in succeeded: it has no `ErrorNumber`, no `LogonError` and no `ResultStatus`; \
         export those too"
            .to_owned(),
    )
}

/// The number of an error's name; records until about 2020 have the name alone.
fn code_of(name: &str) -> i64 {
    let known = ERRORS
        .iter()
        .find(|(_, own)| own.eq_ignore_ascii_case(name.trim()));
    known.map_or(FAILED_WITHOUT_CODE, |(code, _)| *code)
}

/// learn.microsoft.com/entra/identity-platform/reference-error-codes, the names before the dash.
const ERRORS: &[(i64, &str)] = &[
    (16_000, "InteractionRequired"),
    (16_003, "SsoUserAccountNotFoundInResourceTenant"),
    (50_005, "DevicePolicyError"),
    (50_011, "InvalidReplyTo"),
    (50_020, "UserUnauthorized"),
    (50_034, "UserAccountNotFound"),
    (50_053, "IdsLocked"),
    (50_055, "InvalidPasswordExpiredPassword"),
    (50_057, "UserDisabled"),
    (50_058, "UserInformationNotProvided"),
    (50_064, "CredentialAuthenticationError"),
    (50_072, "UserStrongAuthEnrollmentRequiredInterrupt"),
    (50_074, "UserStrongAuthClientAuthNRequiredInterrupt"),
    (50_076, "UserStrongAuthClientAuthNRequired"),
    (50_078, "UserStrongAuthExpired"),
    (50_079, "UserStrongAuthEnrollmentRequired"),
    (50_097, "DeviceAuthenticationRequired"),
    (50_105, "EntitlementGrantsNotFound"),
    (50_125, "PasswordResetRegistrationRequiredInterrupt"),
    (50_126, "InvalidUserNameOrPassword"),
    (50_127, "BrokerAppNotInstalled"),
    (50_129, "DeviceIsNotWorkplaceJoined"),
    (50_131, "ConditionalAccessFailed"),
    (50_132, "SsoArtifactInvalidOrExpired"),
    (50_133, "SsoArtifactRevoked"),
    (50_135, "PasswordChangeCompromisedPassword"),
    (50_140, "KmsiInterrupt"),
    (50_144, "InvalidPasswordExpiredOnPremPassword"),
    (50_155, "DeviceAuthenticationFailed"),
    (50_158, "ExternalSecurityChallenge"),
    (50_173, "FreshTokenNeeded"),
    (50_199, "CmsiInterrupt"),
    (51_004, "UserAccountNotInDirectory"),
    (53_000, "DeviceNotCompliant"),
    (53_001, "DeviceNotDomainJoined"),
    (53_002, "ApplicationUsedIsNotAnApprovedApp"),
    (53_003, "BlockedByConditionalAccess"),
    (53_004, "ProofUpBlockedDueToRisk"),
    (65_001, "DelegationDoesNotExist"),
    (65_004, "UserDeclinedConsent"),
    (70_008, "ExpiredOrRevokedGrant"),
    (70_043, "BadTokenDueToSignInFrequency"),
    (80_001, "OnPremiseStoreIsNotAvailable"),
    (80_002, "OnPremisePasswordValidatorRequestTimedout"),
    (80_007, "OnPremisePasswordValidatorErrorOccurredOnPrem"),
    (80_012, "OnPremisePasswordValidationAccountLogonInvalidHours"),
    (530_035, "BlockedBySecurityDefaults"),
];
