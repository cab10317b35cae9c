import { z } from 'zod'
import { acrTable } from './acr-table.ts'
import * as format from './formats.ts'
import { seconds } from './formats.ts'
import { fallingBackTo, leftOut } from './variable.ts'

const day = 86_400
const year = 365 * day

/** Of the variables those about people: mail to them, how they get in and prove themselves, how long that is good for. */
export const peopleVariables = {
  CARDEA_SMTP_URL: leftOut(
    format.smtpUrl,
    'The mail server: `smtps://` for TLS from the first byte, `smtp://` for STARTTLS, which is then required unless the server is on this machine. Left out, production sends no mail, and development keeps mails in a mailbox.',
    { secret: true, example: 'smtps://cardea:PASSWORD@smtp.example.com' },
  ),
  CARDEA_MAIL_FROM: leftOut(
    format.mailAddress,
    'The sender of mails: an address, or a name and an address in angle brackets.',
    { example: 'Example ID <no-reply@example.com>', shown: '`no-reply@` and the host of the issuer' },
  ),
  CARDEA_REGISTRATION: fallingBackTo(
    { development: 'open', production: 'invitation' },
    format.oneOf('open', 'invitation', 'closed'),
    'How accounts come about: by anybody who confirms an address, by an invitation of an operator, or not at all for now. `open` needs mail.',
    { example: 'open' },
  ),
  CARDEA_REGISTRATION_DOMAINS: fallingBackTo(
    '',
    format.hostNames,
    'With `open`: people register with, and change to, addresses of these domains only; left empty, of any.',
    { example: 'example.com, example.org' },
  ),
  CARDEA_TOTP_POLICY: fallingBackTo(
    'required',
    format.oneOf('required', 'optional'),
    'Whether everybody must have a second factor (an authenticator app or a passkey), or may.',
  ),
  CARDEA_ACR: fallingBackTo(
    'urn:cardea:acr:pwd=pwd; urn:cardea:acr:mfa=pwd+otp|passkey|pwd+recovery_code',
    acrTable,
    'What each acr value takes, weakest first: factors joined by +, alternatives by |, and behind a comma how many seconds old they may be.',
    {
      example:
        'urn:cardea:acr:pwd=pwd; urn:cardea:acr:mfa=pwd+otp|passkey|pwd+recovery_code; urn:example:acr:strong=passkey,300',
    },
  ),
  CARDEA_TRUSTED_BROWSER_DAYS: fallingBackTo(
    '0',
    format.wholeNumber(0, 90, 'days'),
    'Days for which somebody may let a browser of theirs skip the second factor. 0: never.',
    { example: '30' },
  ),
  CARDEA_STUFFING_THRESHOLD: fallingBackTo(
    '1000',
    format.wholeNumber(0, 10_000_000),
    'Wrong passwords in ten minutes, over all users, from which on browsers that nobody knows are asked for more. 0: never.',
  ),
  CARDEA_PASSWORD_SCORE: fallingBackTo(
    '2',
    format.wholeNumber(0, 4),
    'How hard to guess a new password must be, as zxcvbn scores it from 0 to 4. With 0 it is not asked.',
    { example: '3' },
  ),
  CARDEA_BREACHED_PASSWORDS: fallingBackTo(
    'off',
    format.breachedPasswords,
    'Where leaked passwords are looked up: `off`, the https address of a k-anonymity range service (the first five digits of the SHA-1 are appended), or the path of a sorted file of SHA-1 hashes.',
    { example: 'https://api.pwnedpasswords.com/range/' },
  ),
  CARDEA_SESSION_IDLE: fallingBackTo(
    '3600',
    seconds(60, year),
    'Seconds without any use after which a sign-in session ends.',
  ),
  CARDEA_SESSION_ABSOLUTE: fallingBackTo(
    `${day}`,
    seconds(60, year),
    'Seconds after which a sign-in session ends in any case.',
  ),
  CARDEA_ACCESS_TOKEN_TTL: fallingBackTo('600', seconds(10, day), 'Seconds an access token lives.'),
  CARDEA_STATUS_LIST_TTL: fallingBackTo(
    '30',
    seconds(5, 600),
    'Seconds after which a revoked JWT access token is refused by every API that checks the status lists.',
  ),
  CARDEA_REFRESH_TOKEN_IDLE: fallingBackTo(
    `${14 * day}`,
    seconds(60, year),
    'Seconds without any use after which a refresh token ends.',
  ),
  CARDEA_REFRESH_TOKEN_ABSOLUTE: fallingBackTo(
    `${90 * day}`,
    seconds(60, 10 * year),
    'Seconds after consent at which a chain of refresh tokens ends in any case.',
  ),
  CARDEA_REFRESH_RETRY_WINDOW: fallingBackTo(
    '10',
    seconds(0, 60),
    'Seconds in which a refresh token just rotated may be sent again and gives the same successor.',
  ),
  CARDEA_ARGON2_MEMORY_KIB: fallingBackTo(
    '19456',
    format.wholeNumber(19_456, 4_194_304, 'KiB'),
    'Memory of one password hash in KiB. The default is the floor.',
  ),
  CARDEA_ARGON2_PASSES: fallingBackTo(
    '2',
    format.wholeNumber(2, 100),
    'Passes of one password hash. The default is the floor.',
  ),
  CARDEA_ARGON2_PARALLELISM: fallingBackTo('1', format.wholeNumber(1, 64), 'Lanes of one password hash.'),
  CARDEA_HASH_CONCURRENCY: fallingBackTo(
    '0',
    format.wholeNumber(0, 1024),
    'Password hashes that may run at once; 0 means one for each processor core but one, so that tokens keep theirs.',
  ),
  CARDEA_GEO_DATABASE: leftOut(
    z.string().min(1),
    'A MaxMind database of places (a .mmdb file), read at the start: the account pages then say where a sign-in came from. Nobody else is asked.',
    { example: '/var/lib/geo/city.mmdb' },
  ),
}
