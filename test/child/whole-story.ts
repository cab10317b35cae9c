// One of everything the engine does, from its construction to its end. Prints nothing by itself, so that whatever is printed
// was printed by something else.
import { addAssertionClient, askWith, signAssertion } from '../support/assertion.ts'
import { addApi, addClient, addPerson, machineClient, publicClient } from '../support/people.ts'
import { askToken, authorizeUrl, pkce, redeem, refresh, signIn, tokensFor } from '../support/sign-in.ts'
import type { Tokens } from '../support/sign-in.ts'
import { startTestServer } from '../support/server.ts'
import { giveBack, introspect, userinfo } from '../support/tokens.ts'
import { formOf } from '../support/user-agent.ts'

const server = await startTestServer({ instances: 2 })
const [web, spa] = [await addClient(server), await addClient(server, { metadata: publicClient })]
const machine = await addClient(server, { metadata: machineClient })
const person = await addPerson(server)
const resource = 'https://api.example/'
await addApi(server, { identifier: resource, format: 'jwt' })

const offline = { scope: 'openid email offline_access', prompt: 'consent' }
const tokens = await tokensFor(server, web, person, offline)
await userinfo(server, tokens.access_token)
await introspect(server, web, tokens.access_token)
await refresh(server, web, tokens.refresh_token)
const rotated = await tokensFor(server, spa, person, offline)
await refresh(server, spa, rotated.refresh_token)
await refresh(server, spa, rotated.refresh_token)
const { agent } = tokens
const signedIn = await signIn(server, web, person, { scope: 'openid orders:read', resource }, { agent })
await redeem(server, web, signedIn, { resource })
await redeem(server, web, signedIn, { resource })
await askToken(server, machine, { grant_type: 'client_credentials', resource, scope: 'orders:read' })
await askWith(server, await signAssertion(server, await addAssertionClient(server)))
await askToken(server, web, { grant_type: 'password' })
await agent.get(authorizeUrl(web, pkce().challenge, { prompt: 'none' }))
await agent.get('/authorize?client_id=nobody')
for (const path of ['/.well-known/openid-configuration', '/jwks', '/nowhere']) await server.ask(path)
await giveBack(server, web, tokens.refresh_token)
const page = await agent.get('/logout')
const { action, fields } = formOf(page, /logout/)
const gone = await agent.post(action, { ...fields, logout: 'yes' })
if (gone.location !== undefined) await agent.get(gone.location)

const late = (await askToken(server, machine, { grant_type: 'client_credentials' })).json<Tokens>()
if (!late.access_token) process.exitCode = 1
await server.stop()
