// openid-client: every check that it has is on, the signature of the id token's too.

import { createPrivateKey, webcrypto } from 'node:crypto';
import { readFileSync } from 'node:fs';
import * as client from 'openid-client';
import { RESOURCE, SERVICE, TENANT_ID, approve, browse, failure, rows, told } from './steps.mjs';

const { CLIENT_ID, CLIENT_SECRET, SCRIPT_ID, SCRIPT_SECRET, PUBLIC_ID, CERTIFIED_ID, CERTIFICATE_KEY } = process.env;
const ISSUER = new URL(`${SERVICE}/${TENANT_ID}/v2.0`);
// It sends what it got with the code as reply address, so that must look like an address with a path.
const REPLY = 'https://localhost/signed-in';
const scope = `openid profile offline_access ${RESOURCE}/.default`;

async function refused(attempt) {
  const error = await failure(attempt);
  return { kind: error.name, error: error.error ?? error.code, status: error.status };
}

async function configuration(clientId, proof) {
  const found = await client.discovery(ISSUER, clientId, undefined, proof);
  client.enableNonRepudiationChecks(found);
  return found;
}

const daemon = await configuration(CLIENT_ID, client.ClientSecretPost(CLIENT_SECRET));
told('discovery', { issuer: daemon.serverMetadata().issuer });
const application = { scope: `${RESOURCE}/.default` };
let token = await client.clientCredentialsGrant(daemon, application);
told('client credentials', { type: token.token_type, expires_in: token.expires_in, rows: await rows(token.access_token) });
const basic = await configuration(CLIENT_ID, client.ClientSecretBasic(CLIENT_SECRET));
token = await client.clientCredentialsGrant(basic, application);
told('secret by Basic', { rows: await rows(token.access_token) });
for (const proof of [client.ClientSecretPost('wrong'), client.ClientSecretBasic('wrong')]) {
  const wrong = await configuration(CLIENT_ID, proof);
  told('wrong secret', await refused(() => client.clientCredentialsGrant(wrong, application)));
}
const pem = createPrivateKey(readFileSync(CERTIFICATE_KEY)).export({ type: 'pkcs8', format: 'der' });
const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
const key = await webcrypto.subtle.importKey('pkcs8', pem, algorithm, false, ['sign']);
const certified = await configuration(CERTIFIED_ID, client.PrivateKeyJwt(key));
token = await client.clientCredentialsGrant(certified, application);
told('private key', { rows: await rows(token.access_token) });

const script = await configuration(SCRIPT_ID, client.ClientSecretPost(SCRIPT_SECRET));
// Where a browser ended up that was sent with all that protects the answer, and what is to be checked then.
async function answered() {
  const pkceCodeVerifier = client.randomPKCECodeVerifier();
  const checks = { pkceCodeVerifier, expectedNonce: client.randomNonce(), expectedState: client.randomState(), idTokenExpected: true };
  const address = client.buildAuthorizationUrl(script, {
    redirect_uri: REPLY, scope, nonce: checks.expectedNonce, state: checks.expectedState,
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier), code_challenge_method: 'S256',
  });
  return { ended: new URL(await browse(address.href)), checks };
}

let { ended, checks } = await answered();
token = await client.authorizationCodeGrant(script, ended, checks);
const claims = token.claims();
told('code', {
  user: claims.preferred_username, name: claims.name, tenant: claims.tid, issuer: claims.iss,
  named: ended.searchParams.get('iss'), rows: await rows(token.access_token),
});
const who = await client.fetchUserInfo(script, token.access_token, claims.sub);
told('user', { name: who.name, user: who.preferred_username });
const seen = await client.tokenIntrospection(script, token.access_token);
told('introspection', { active: seen.active, user: seen.username, client: seen.client_id === SCRIPT_ID });

const renewed = await client.refreshTokenGrant(script, token.refresh_token);
told('refresh', { another: renewed.refresh_token !== token.refresh_token, rows: await rows(renewed.access_token) });
told('used refresh token', await refused(() => client.refreshTokenGrant(script, token.refresh_token)));
told('its family', await refused(() => client.refreshTokenGrant(script, renewed.refresh_token)));
told('its token', { active: (await client.tokenIntrospection(script, renewed.access_token)).active });

({ ended, checks } = await answered());
told('another state', await refused(() => client.authorizationCodeGrant(script, ended, { ...checks, expectedState: 'x' })));
const elsewhere = new URL(ended);
elsewhere.searchParams.set('iss', 'https://elsewhere.example');
told('another issuer', await refused(() => client.authorizationCodeGrant(script, elsewhere, checks)));
// An id token that somebody wrote anew on the way.
script[client.customFetch] = async (address, options) => {
  const answer = await fetch(address, options);
  if (!String(address).endsWith('/token')) return answer;
  const body = await answer.json();
  const [header, payload, signature] = body.id_token.split('.');
  body.id_token = [header, payload, (signature[0] === 'A' ? 'B' : 'A') + signature.slice(1)].join('.');
  return Response.json(body);
};
told('another signature', await refused(() => client.authorizationCodeGrant(script, ended, checks)));
delete script[client.customFetch];

const device = await configuration(PUBLIC_ID, client.None());
const waiting = await client.initiateDeviceAuthorization(device, { scope });
approve(waiting.user_code, waiting.verification_uri);
token = await client.pollDeviceAuthorizationGrant(device, waiting);
told('device code', { user: token.claims().preferred_username, rows: await rows(token.access_token) });
await client.tokenRevocation(device, token.refresh_token);
told('revoked', await refused(() => client.refreshTokenGrant(device, token.refresh_token)));
