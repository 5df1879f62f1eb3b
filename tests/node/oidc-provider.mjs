// A real provider for the tests of signing in: it takes any name with any password on its own pages. Its argument is a JSON
// document, the client and the groups of people by name; a line of its standard input says the groups anew. It prints its address.
import { createServer } from 'node:http';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import Provider from 'oidc-provider';

let { client, people } = JSON.parse(process.argv[2]);
const server = createServer();
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const issuer = `http://127.0.0.1:${server.address().port}`;
const provider = new Provider(issuer, {
  clients: [client],
  claims: { openid: ['sub'], profile: ['preferred_username', 'groups'] },
  conformIdTokenClaims: false,
  features: { devInteractions: { enabled: true }, rpInitiatedLogout: { enabled: true } },
  pkce: { required: () => true },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({ sub: id, preferred_username: people[id]?.name ?? id, groups: people[id]?.groups ?? [] }),
  }),
});
server.on('request', provider.callback());
createInterface({ input: process.stdin }).on('line', (line) => { people = JSON.parse(line); console.log('heard'); });
console.log(issuer);
