import type { Command } from 'commander'
import * as client from 'openid-client'
import { Refusal } from '../refusal.ts'
import { print } from '../terminal.ts'
import type { Terminal } from '../terminal.ts'
import { addVerb } from '../verb.ts'
import type { VerbOptions } from '../verb.ts'
import { addApiOption, apiAddress } from './address.ts'
import type { ApiOptions } from './address.ts'
import { readCredentials } from './credentials.ts'
import type { SignIn } from './credentials.ts'
import { connectIssuer, issuerTrouble } from './issuer.ts'
import { withLock } from './lock.ts'
import { forget } from './sign-in.ts'

/** `cardea logout`: ends the tokens at the issuer (RFC 7009) and forgets them here, whether or not the issuer can be reached. */
export function addLogout(program: Command, terminal: Terminal): void {
  const command = addVerb(program, {
    usage: 'logout',
    summary: 'end the sign-in of this command line and forget its tokens',
    example: 'cardea logout',
  })
  addApiOption(command).action(async (options: VerbOptions & ApiOptions) => {
    const api = apiAddress(terminal, options)
    const was = await withLock(terminal, async () => {
      const kept = readCredentials(terminal).apis[api]
      if (!kept) return false
      forget(terminal, api)
      await revoke(kept)
      return true
    })
    print(terminal, options.json, { api, signed_out: was }, [
      was ? `Signed out at ${api}.` : `You were not signed in at ${api}.`,
    ])
  })
}

async function revoke({ issuer, client_id, refresh_token, access_token, expires_at }: SignIn): Promise<void> {
  try {
    const configuration = await connectIssuer(issuer, client_id, client.None())
    await client.tokenRevocation(configuration, refresh_token ?? access_token)
  } catch (error) {
    const { message } = issuerTrouble(issuer, error)
    throw new Refusal(
      'unavailable',
      `The tokens are forgotten here, but could not be ended: ${message}\nThe access token ends by itself at ${expires_at}; end the session to end all: cardea sessions revoke.`,
      { cause: error },
    )
  }
}
