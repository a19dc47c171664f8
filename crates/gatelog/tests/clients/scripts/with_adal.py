"""ADAL for Python: every grant it has."""

import os
from urllib.parse import parse_qs, urlsplit

import adal
from adal.authentication_parameters import create_authentication_parameters_from_url

from steps import REPORT, RESOURCE, SERVICE, TENANT, approve, browse, rows, told

AUTHORITY = f"{SERVICE}/{TENANT}"
REPLY = "https://localhost"


def context():
    """One with a cache of its own."""
    return adal.AuthenticationContext(AUTHORITY, validate_authority=False)


def refused(attempt):
    try:
        attempt()
    except adal.AdalError as error:
        answer = error.error_response
        return {"error": answer["error"], "codes": answer["error_codes"]}
    raise AssertionError("this should have failed")


parameters = create_authentication_parameters_from_url(REPORT)
told("challenge", authorization_uri=parameters.authorization_uri)

client_id, secret = os.environ["CLIENT_ID"], os.environ["CLIENT_SECRET"]
token = context().acquire_token_with_client_credentials(RESOURCE, client_id, secret)
told("client credentials", type=token["tokenType"], resource=token["resource"], rows=rows(token["accessToken"]))
told("wrong secret", **refused(lambda: context().acquire_token_with_client_credentials(RESOURCE, client_id, "wrong")))

with open(os.environ["CERTIFICATE_KEY"]) as file:
    key = file.read()
token = context().acquire_token_with_client_certificate(
    RESOURCE, os.environ["CERTIFIED_ID"], key, os.environ["THUMBPRINT"]
)
told("certificate", type=token["tokenType"], rows=rows(token["accessToken"]))
with open(os.environ["OTHER_KEY"]) as file:
    other = file.read()
told("wrong key", **refused(lambda: context().acquire_token_with_client_certificate(
    RESOURCE, os.environ["CERTIFIED_ID"], other, os.environ["THUMBPRINT"])))

public = os.environ["PUBLIC_ID"]
token = context().acquire_token_with_username_password(RESOURCE, os.environ["USER_NAME"], os.environ["PASSWORD"], public)
told("password", user=token["userId"], name=token["givenName"], rows=rows(token["accessToken"]))
told("wrong password", **refused(lambda: context().acquire_token_with_username_password(
    RESOURCE, os.environ["USER_NAME"], "wrong", public)))

script, script_secret = os.environ["SCRIPT_ID"], os.environ["SCRIPT_SECRET"]
ended = browse(
    f"{AUTHORITY}/oauth2/authorize?response_type=code&client_id={script}&redirect_uri={REPLY}&resource={RESOURCE}&state=s"
)
answer = parse_qs(urlsplit(ended).query)
here = context()
first = here.acquire_token_with_authorization_code(answer["code"][0], REPLY, RESOURCE, script, script_secret)
told("code", user=first["userId"], tenant=first["tenantId"], state=answer["state"], rows=rows(first["accessToken"]))
cached = here.acquire_token(RESOURCE, first["userId"], script)
told("cache", same=cached["accessToken"] == first["accessToken"])

second = here.acquire_token_with_refresh_token(first["refreshToken"], script, RESOURCE, script_secret)
told("refresh", another=second["refreshToken"] != first["refreshToken"], rows=rows(second["accessToken"]))
told("used refresh token", **refused(
    lambda: here.acquire_token_with_refresh_token(first["refreshToken"], script, RESOURCE, script_secret)))
told("its family", **refused(
    lambda: here.acquire_token_with_refresh_token(second["refreshToken"], script, RESOURCE, script_secret)))

device = context().acquire_user_code(RESOURCE, public)
approve(device["user_code"], device["verification_url"])
token = context().acquire_token_with_device_code(RESOURCE, device, public)
told("device code", interval=device["interval"], user=token["userId"], rows=rows(token["accessToken"]))
