// A real OpenID Connect provider (npm oidc-provider) for the tests, on loopback over TLS.
//
// node issuer.mjs FOLDER CERTIFICATE KEY REPLY-ADDRESS: FOLDER has node_modules. Prints its address when it is ready.
import { createRequire } from "node:module";
import { createServer } from "node:https";
import { generateKeyPairSync } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [folder, certificate, key, replyAddress] = process.argv.slice(2);
const found = createRequire(join(folder, "x.js")).resolve("oidc-provider");
const { default: Provider } = await import(pathToFileURL(found));

const signing = (kid, kind, options, alg) => {
  const { privateKey } = generateKeyPairSync(kind, options);
  return { ...privateKey.export({ format: "jwk" }), kid, alg, use: "sig" };
};

// Who signs in says by the name in which groups they are: `ada+soc`.
const groupsOf = (id) => id.split("+").slice(1);

const server = createServer({ cert: readFileSync(certificate), key: readFileSync(key) });
server.listen(0, "127.0.0.1", () => {
  const issuer = `https://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: "gatelog",
        client_secret: "between us: 100% & no more",
        redirect_uris: [replyAddress],
        grant_types: ["authorization_code"],
        response_types: ["code"],
      },
      {
        client_id: "machine+soc",
        client_secret: "machines-secret",
        redirect_uris: [],
        grant_types: ["client_credentials"],
        response_types: [],
      },
    ],
    jwks: {
      keys: [
        signing("rsa", "rsa", { modulusLength: 2048 }, "RS256"),
        signing("ec", "ec", { namedCurve: "P-256" }, "ES256"),
      ],
    },
    cookies: { keys: ["only for tests"] },
    pkce: { required: () => true },
    conformIdTokenClaims: false,
    claims: { openid: ["sub"], profile: ["name", "preferred_username", "groups"], email: ["email"] },
    findAccount: (context, id) => ({
      accountId: id,
      claims: () => ({
        sub: id,
        name: "Ada Lovelace",
        preferred_username: `${id}@outside.example`,
        email: `${id}@outside.example`,
        groups: groupsOf(id),
      }),
    }),
    extraTokenClaims: (context, token) => ({ groups: groupsOf(token.accountId ?? token.clientId) }),
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (context, resource) => ({
          audience: resource,
          scope: "reports",
          accessTokenFormat: "jwt",
          jwt: { sign: { alg: resource.endsWith("elliptic") ? "ES256" : "RS256" } },
        }),
      },
    },
  });
  server.on("request", provider.callback());
  console.log(`ready ${issuer}`);
});
