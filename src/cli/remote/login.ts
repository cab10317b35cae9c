import { Option } from 'commander'
import type { Command } from 'commander'
import * as client from 'openid-client'
import { ADMIN_API, COMMAND_LINE } from '../../clients/index.ts'
import { ACR } from '../../oidc/index.ts'
import { Refusal } from '../refusal.ts'
import { print } from '../terminal.ts'
import type { Terminal } from '../terminal.ts'
import { addVerb } from '../verb.ts'
import type { VerbOptions } from '../verb.ts'
import { addApiOption, apiAddress } from './address.ts'
import type { ApiOptions } from './address.ts'
import { openBrowser } from './browser.ts'
import { readCredentials } from './credentials.ts'
import { signInByDevice } from './device.ts'
import { trustIssuer } from './issuer-of-api.ts'
import { connectIssuer, issuerTrouble } from './issuer.ts'
import { listenOnLoopback } from './loopback.ts'
import { machineOf } from './machine.ts'
import { readProtectedResource } from './protected-resource.ts'
import { keepSignIn, signInOf } from './sign-in.ts'

type Options = VerbOptions & ApiOptions & { issuer?: string; scope?: string; browser: boolean; device?: true }

/** `cardea login`: a person signs in on the hosted pages, and the command keeps tokens for the admin API. */
export function addLogin(program: Command, terminal: Terminal): void {
  const command = addVerb(program, {
    usage: 'login',
    summary: 'sign in to the admin API, in a browser',
    example: 'cardea login --api https://cardea-ops.example.com --issuer https://id.example.com',
  })
  addApiOption(command)
    .option(
      '--issuer <url>',
      'whose tokens the API wants; to be said where it is on neither this machine nor the host of its issuer',
    )
    .option('--scope <scopes>', 'only these scopes, separated by spaces; else all that your role has')
    .addOption(new Option('--no-browser', 'only print the address to open'))
    .addOption(new Option('--device', 'sign in on another device, with a code').conflicts('browser'))
    .action((options: Options) => login(terminal, options))
}

async function login(terminal: Terminal, options: Options): Promise<void> {
  if (machineOf(terminal))
    throw new Refusal(
      'usage',
      'CARDEA_CLIENT_ID is set, so commands act as that client. Unset it to sign in.',
    )
  // Before anybody goes and signs in.
  readCredentials(terminal)
  const api = apiAddress(terminal, options)
  const { issuer, scopes } = await readProtectedResource(api)
  trustIssuer({ api, issuer }, options.issuer)
  terminal.stderr.write(`Signing in at ${issuer}, for the API at ${api}.\n`)
  const configuration = await connectIssuer(issuer, COMMAND_LINE, client.None())
  const wanted = { scope: scopeOf(options.scope, scopes), resource: ADMIN_API }
  const granted = options.device
    ? await signInByDevice(terminal, configuration, wanted)
    : await signInByBrowser(terminal, configuration, wanted, options.browser)
  const signIn = signInOf(granted, { issuer })
  await keepSignIn(terminal, api, signIn)
  const { subject, scope, expires_at } = signIn
  print(terminal, options.json, { api, issuer, subject, scopes: words(scope), expires_at }, [
    `Signed in at ${api}.`,
    ...(words(scope).length > 0
      ? []
      : ['Your role has none of these scopes, so there is nothing you may do with this sign-in.']),
  ])
}

/** The authorization code flow of a native app (RFC 8252), with PKCE, state, nonce and the issuer's name in the answer. */
async function signInByBrowser(
  terminal: Terminal,
  configuration: client.Configuration,
  wanted: Record<string, string>,
  browser: boolean,
) {
  const loopback = await listenOnLoopback()
  try {
    const [verifier, state, nonce] = [
      client.randomPKCECodeVerifier(),
      client.randomState(),
      client.randomNonce(),
    ]
    const url = client.buildAuthorizationUrl(configuration, {
      ...wanted,
      ...{ state, nonce, redirect_uri: loopback.redirectUri },
      code_challenge: await client.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      acr_values: ACR.multiFactor,
    })
    const received = loopback.receive(state, (callback) =>
      client.authorizationCodeGrant(
        configuration,
        callback,
        { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true },
        { resource: ADMIN_API },
      ),
    )
    // Somebody else's error until it is awaited below.
    received.catch(() => undefined)
    const isOpen = browser && (await openBrowser(terminal, url.href))
    terminal.stderr.write(
      isOpen
        ? `Sign in in the browser. If it does not open, this is the address:\n\n  ${url.href}\n\n`
        : `Open this address in a browser on this machine to sign in:\n\n  ${url.href}\n\n`,
    )
    return await received
  } catch (error) {
    throw issuerTrouble(configuration.serverMetadata().issuer, error)
  } finally {
    loopback.close()
  }
}

function scopeOf(asked: string | undefined, supported: readonly string[]): string {
  const unknown = words(asked ?? '').find((scope) => scope !== 'openid' && !supported.includes(scope))
  if (unknown !== undefined)
    throw new Refusal('usage', `There is no scope ${unknown}: ${supported.join(' ')}`)
  return [...new Set(['openid', ...(asked === undefined ? supported : words(asked))])].join(' ')
}

function words(text: string): string[] {
  return text.split(' ').filter(Boolean)
}
