import type { Oidc } from '../oidc/index.ts'
import type { Stream, WaitingEvent } from '../receivers/index.ts'

export type Sign = Oidc['signSecurityEvent']

/**
 * An event as a signed token (RFC 8417, SSF section 4). Everything in it was written down when the event was put into the stream: however
 * often it is sent, it says the same. Exactly one event in each (CAEP Interoperability Profile section 2.8.1).
 */
export function tokenFor(
  { issuer, sign }: { issuer: string; sign: Sign },
  { clientId }: Pick<Stream, 'clientId'>,
  { jti, txn, type, subject, event, toe, iat }: WaitingEvent,
): Promise<string> {
  return sign({
    ...{ iss: issuer, jti, iat: seconds(iat), toe: seconds(toe), aud: clientId, txn },
    sub_id: subject,
    events: { [type]: event },
  })
}

function seconds(date: Date): number {
  return Math.floor(date.getTime() / 1000)
}
