import * as client from 'openid-client'
import { Refusal } from '../refusal.ts'
import type { Terminal } from '../terminal.ts'
import { clean } from './clean.ts'
import { issuerTrouble, oauthErrorOf } from './issuer.ts'

/** The device authorization grant (RFC 8628): somebody signs in elsewhere with the code shown here, while this polls. */
export async function signInByDevice(
  { stderr }: Terminal,
  configuration: client.Configuration,
  wanted: Record<string, string>,
) {
  const { issuer, device_authorization_endpoint: endpoint } = configuration.serverMetadata()
  if (endpoint === undefined)
    throw new Refusal('failed', `${issuer} has no sign-in by device: use a browser, without --device.`)
  try {
    const device = await client.initiateDeviceAuthorization(configuration, wanted)
    const { user_code, verification_uri, verification_uri_complete: complete, expires_in } = device
    stderr.write(
      `On any device, open\n\n  ${clean(verification_uri)}\n\nand enter the code\n\n  ${clean(user_code)}\n\n` +
        (complete === undefined ? '' : `Or open ${clean(complete)}\n`) +
        `It is good for ${Math.floor(expires_in / 60)} minutes. Waiting …\n`,
    )
    return await client.pollDeviceAuthorizationGrant(configuration, device, {
      resource: wanted['resource'] ?? '',
    })
  } catch (error) {
    const code = oauthErrorOf(error)
    if (code === 'expired_token' || (error as { code?: unknown }).code === 'OAUTH_TIMEOUT')
      throw new Refusal(
        'not_signed_in',
        'The code has expired before anybody signed in with it. Run it again.',
      )
    if (code === 'access_denied')
      throw new Refusal('not_signed_in', 'The sign-in was refused on the other device.')
    throw issuerTrouble(issuer, error)
  }
}
