// MSAL for Node: every grant that it has for a service like this one.

import { readFileSync } from 'node:fs';
import { ConfidentialClientApplication, CryptoProvider, PublicClientApplication } from '@azure/msal-node';
import { RESOURCE, SERVICE, TENANT, approve, browse, failure, rows, told } from './steps.mjs';

const { CLIENT_ID, CLIENT_SECRET, SCRIPT_ID, SCRIPT_SECRET, PUBLIC_ID, CERTIFIED_ID, THUMBPRINT_SHA256 } = process.env;
const { USER_NAME, PASSWORD, CERTIFICATE_KEY, OTHER_KEY } = process.env;
const REPLY = 'https://localhost';
const scopes = [`${RESOURCE}/.default`];

function auth(clientId, proof) {
  return { auth: { clientId, authority: `${SERVICE}/${TENANT}`, knownAuthorities: [new URL(SERVICE).host], ...proof } };
}

function confidential(clientId, proof) {
  return new ConfidentialClientApplication(auth(clientId, proof));
}

async function refused(attempt) {
  const error = await failure(attempt);
  return { kind: error.name, error: error.errorCode, code: error.errorMessage.match(/AADSTS\d+/g) };
}

const daemon = confidential(CLIENT_ID, { clientSecret: CLIENT_SECRET });
let token = await daemon.acquireTokenByClientCredential({ scopes });
told('client credentials', { type: token.tokenType, rows: await rows(token.accessToken) });
told('cache', { cached: (await daemon.acquireTokenByClientCredential({ scopes })).fromCache });
const wrong = confidential(CLIENT_ID, { clientSecret: 'wrong' });
told('wrong secret', await refused(() => wrong.acquireTokenByClientCredential({ scopes })));

function certified(file) {
  const clientCertificate = { thumbprintSha256: THUMBPRINT_SHA256, privateKey: readFileSync(file, 'utf8') };
  return confidential(CERTIFIED_ID, { clientCertificate });
}
token = await certified(CERTIFICATE_KEY).acquireTokenByClientCredential({ scopes });
told('certificate', { type: token.tokenType, rows: await rows(token.accessToken) });
told('wrong key', await refused(() => certified(OTHER_KEY).acquireTokenByClientCredential({ scopes })));

const script = confidential(SCRIPT_ID, { clientSecret: SCRIPT_SECRET });
const { verifier, challenge } = await new CryptoProvider().generatePkceCodes();
const request = { scopes, redirectUri: REPLY, state: 's', nonce: 'n' };
const address = await script.getAuthCodeUrl({ ...request, codeChallenge: challenge, codeChallengeMethod: 'S256' });
const answer = new URL(await browse(address)).searchParams;
const redeem = { ...request, code: answer.get('code'), codeVerifier: verifier };
const first = await script.acquireTokenByCode(redeem, { state: answer.get('state') });
told('code', {
  user: first.account.username, name: first.account.name, tenant: first.tenantId, nonce: first.idTokenClaims.nonce,
  rows: await rows(first.accessToken),
});
const [account] = await script.getTokenCache().getAllAccounts();
told('cache', { cached: (await script.acquireTokenSilent({ account, scopes })).fromCache });
const renewed = await script.acquireTokenSilent({ account, scopes, forceRefresh: true });
told('refresh', { cached: renewed.fromCache, rows: await rows(renewed.accessToken) });
told('used code', await refused(() => script.acquireTokenByCode(redeem)));
told('its family', await refused(() => script.acquireTokenSilent({ account, scopes, forceRefresh: true })));

const device = new PublicClientApplication(auth(PUBLIC_ID));
let interval;
token = await device.acquireTokenByDeviceCode({
  scopes,
  deviceCodeCallback: (code) => {
    interval = code.interval;
    approve(code.userCode, code.verificationUri);
  },
});
told('device code', { interval, user: token.account.username, rows: await rows(token.accessToken) });

// A browser of this machine, by a port of the library's own.
const interactive = new PublicClientApplication(auth(PUBLIC_ID));
token = await interactive.acquireTokenInteractive({
  scopes,
  openBrowser: async (url) => {
    await browse(url);
  },
});
told('interactive', { user: token.account.username, rows: await rows(token.accessToken) });
