import { readFileSync } from 'node:fs'
import { Option } from 'commander'
import type { Command } from 'commander'
import { createClient } from '../../clients/index.ts'
import { byOperator } from '../by-operator.ts'
import { Refusal } from '../refusal.ts'
import { print } from '../terminal.ts'
import type { Terminal } from '../terminal.ts'
import { addVerb, collect } from '../verb.ts'
import type { VerbOptions } from '../verb.ts'
import { withDatabase } from '../with-database.ts'
import { documentOf, linesOf } from './document.ts'

type Options = VerbOptions & {
  name: string
  id?: string
  redirectUri?: string[]
  postLogoutRedirectUri?: string[]
  grantType?: string[]
  authMethod?: string
  public?: true
  native?: true
  scope?: string
  jwksFile?: string
  jwksUri?: string
  backchannelLogoutUri?: string
  firstParty?: true
  verified?: true
  logoUri?: string
}

/** `cardea client create`: registers an app, in the words of RFC 7591. */
export function addCreate(clients: Command, terminal: Terminal): void {
  addVerb(clients, {
    usage: 'create',
    summary: 'register a client and print its id and, this once, its secret',
    example: `cardea client create --name Shop --redirect-uri https://shop.example/callback \\
      --grant-type authorization_code --grant-type refresh_token`,
  })
    .requiredOption('--name <client_name>', 'what people see when they are asked to allow it')
    .option('--id <client_id>', 'an id of your choice instead of a random one')
    .option('--redirect-uri <uri>', 'where codes may be sent; may be repeated', collect)
    .option(
      '--post-logout-redirect-uri <uri>',
      'where browsers may go after signing out; may be repeated',
      collect,
    )
    .option(
      '--grant-type <type>',
      'authorization_code (the default), refresh_token, client_credentials or urn:ietf:params:oauth:grant-type:device_code; may be repeated',
      collect,
    )
    .option(
      '--auth-method <method>',
      'client_secret_basic (the default), client_secret_post, private_key_jwt or none',
    )
    .addOption(
      new Option('--public', 'has no secret: the same as --auth-method none').conflicts('authMethod'),
    )
    .option('--native', 'runs on phones or desktops: any port on loopback, private-use redirect URIs')
    .option('--scope <scopes>', 'scopes it may ask for, separated by spaces')
    .addOption(new Option('--jwks-file <file>', 'its public keys, a JWK set').conflicts('jwksUri'))
    .option('--jwks-uri <uri>', 'where its public keys are published')
    .option('--backchannel-logout-uri <uri>', 'where it is told that a session ended')
    .option('--first-party', 'one of our own: its users are not asked for consent')
    .option('--verified', 'you know who runs it; people are told so')
    .option('--logo-uri <uri>', 'where its logo is fetched from')
    .action((options: Options) => create(terminal, options))
}

async function create(terminal: Terminal, options: Options): Promise<void> {
  const metadata = metadataOf(options)
  await withDatabase(terminal, async (database) => {
    const { id, name, firstParty, verified } = options
    const created = await database.transaction((tx) =>
      createClient(tx, { id, name, firstParty, verified, metadata }, byOperator),
    )
    if (!created.ok)
      throw created.reason === 'id_taken'
        ? new Refusal('already_exists', `There is a client ${id ?? ''} already.`)
        : new Refusal(
            'bad_data',
            created.problems.map(({ field, message }) => `${field}: ${message}`).join('\n'),
          )
    const { client, secret } = created
    const document = documentOf(client)
    const shown = secret === null ? {} : { client_secret: secret }
    print(terminal, options.json, { ...document, ...shown }, [
      `Created the client ${client.name}`,
      ...linesOf({ client_id: client.id, ...shown }),
      ...(secret === null ? [] : ['The secret is shown this once.']),
    ])
  })
}

function metadataOf(options: Options): Record<string, unknown> {
  const given = {
    redirect_uris: options.redirectUri,
    post_logout_redirect_uris: options.postLogoutRedirectUri,
    grant_types: options.grantType,
    token_endpoint_auth_method: options.public ? 'none' : options.authMethod,
    application_type: options.native ? 'native' : undefined,
    scope: options.scope,
    jwks: options.jwksFile === undefined ? undefined : readJwks(options.jwksFile),
    jwks_uri: options.jwksUri,
    backchannel_logout_uri: options.backchannelLogoutUri,
    logo_uri: options.logoUri,
  }
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
}

function readJwks(file: string): unknown {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    throw new Refusal(
      'not_found',
      `${file} cannot be read (${String((error as NodeJS.ErrnoException).code)}).`,
    )
  }
  try {
    return JSON.parse(text)
  } catch {
    throw new Refusal('bad_data', `${file} is not JSON.`)
  }
}
