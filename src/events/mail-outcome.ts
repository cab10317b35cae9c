import type { MailOutcome } from '../mail/index.ts'
import { delayAfter } from './retry.ts'

/** A server that refuses a mail three times means it. */
const MOST_REFUSALS = 3

/**
 * What a failed attempt amounts to. An address that the server says it will never take is given up; so is a mail that it refuses three
 * times. Everything else, a refused sign-in of ours included, is worth another try until the mail expires. The error is a code of
 * ours: what servers say may repeat the mail, or our password.
 */
export function failedMail(
  error: unknown,
  { attempts, secondsLeft }: { attempts: number; secondsLeft: number },
  random: () => number = Math.random,
): MailOutcome {
  const { code = '', responseCode = 0, command = '' } = error as Partial<SmtpError>
  const isRefused = responseCode >= 500 && /^(RCPT TO|DATA)$/.test(command)
  const said = responseCode > 0 ? `smtp_${responseCode}` : codes[code]
  const word = said ?? 'unreachable'
  const retryInSeconds = delayAfter(attempts, random)
  const isFinal =
    (isRefused && (command === 'RCPT TO' || attempts >= MOST_REFUSALS)) || retryInSeconds >= secondsLeft
  return isFinal ? { state: 'failed', error: word } : { state: 'queued', error: word, retryInSeconds }
}

type SmtpError = { code: string; responseCode: number; command: string }

const codes: Record<string, string> = {
  EAUTH: 'auth_refused',
  ETLS: 'no_tls',
  ETIMEDOUT: 'timed_out',
  ECONNECTION: 'unreachable',
  ECONNREFUSED: 'unreachable',
  EDNS: 'unreachable',
  ENOTFOUND: 'unreachable',
  ESOCKET: 'unreachable',
  EENVELOPE: 'refused',
  EMESSAGE: 'refused',
}
