import { z } from 'zod'
import { languages } from '../language/index.ts'
import { acrTable } from './acr-table.ts'
import * as format from './formats.ts'
import { fallingBackTo, leftOut } from './variable.ts'

const day = 86_400
const year = 365 * day
const seconds = (min: number, max: number): z.ZodType<number, string> =>
  format.wholeNumber(min, max, 'seconds')
const milliseconds = (min: number, max: number): z.ZodType<number, string> =>
  format.wholeNumber(min, max, 'milliseconds')

/** Every variable Cardea reads: how it is written, what it falls back to, what it means, what production asks of it. */
export const variables = {
  CARDEA_MODE: fallingBackTo(
    { development: 'development', production: 'production' },
    format.oneOf('development', 'production'),
    'Production refuses every setting that is only good enough at a desk.',
    { shown: 'set by the command that starts Cardea' },
  ),
  CARDEA_ISSUER: leftOut(
    format.issuerUrl,
    'The issuer identifier, and so the address people and clients use: scheme, host and port, no final slash.',
    {
      example: 'https://id.example.com',
      shown: 'development: `http://localhost:` and CARDEA_PORT',
      production: 'required; https, unless it is a loopback address',
    },
  ),
  CARDEA_NAME: fallingBackTo(
    'Cardea',
    format.shownName,
    'The name people know this server by: on pages, in mails, in authenticator apps.',
    { example: 'Example ID' },
  ),
  CARDEA_LANGUAGE: fallingBackTo(
    'en',
    format.oneOf(...languages),
    'The language of pages and mails for people whose own is not known or not spoken here.',
    { example: 'de' },
  ),
  CARDEA_VIEWS_DIR: leftOut(
    z.string().min(1),
    'Folder with templates of your own: a file there takes the place of the shipped one of the same name.',
    { example: '/etc/cardea/views' },
  ),
  CARDEA_HOST: fallingBackTo(
    { development: '127.0.0.1', production: '0.0.0.0' },
    format.listenHost,
    'Address the public listener binds.',
    { example: '0.0.0.0' },
  ),
  CARDEA_PORT: fallingBackTo('3000', format.port, 'Port of the public listener; 0 takes a free one.'),
  CARDEA_OPS_HOST: fallingBackTo(
    '127.0.0.1',
    format.listenHost,
    'Address the operations listener (admin API, metrics) binds. Keep it off the internet.',
  ),
  CARDEA_OPS_PORT: fallingBackTo('3001', format.port, 'Port of the operations listener; 0 takes a free one.'),
  CARDEA_OPS_HOSTS: fallingBackTo(
    '',
    format.hostNames,
    'Names by which the operations listener may be called, besides localhost and IP addresses.',
    { example: 'cardea-ops.internal' },
  ),
  CARDEA_WORKERS: fallingBackTo(
    '1',
    format.workers,
    'Processes that answer on the public port: a number, or `auto` for one per processor core. More than one has a supervisor beside them, which takes the operations listener and all work in the background.',
  ),
  CARDEA_SAMPLE_PORT: fallingBackTo('3100', format.port, 'Port of the sample app in development.'),
  CARDEA_DATA_DIR: fallingBackTo(
    '.cardea',
    z.string(),
    'Folder of the embedded PostgreSQL and, in development, of generated keys.',
  ),
  CARDEA_KEYRING: leftOut(
    z.string(),
    'Sealing keys for secrets at rest: 32 random bytes each in base64url, newest first, separated by commas.',
    { secret: true, shown: 'development: made once, kept in the data folder', production: 'required' },
  ),
  CARDEA_COOKIE_KEYS: leftOut(
    z.string(),
    'Keys that sign cookies: at least 32 random bytes each in base64url, newest first, separated by commas.',
    { secret: true, shown: 'development: made once, kept in the data folder', production: 'required' },
  ),
  CARDEA_KEY_ROTATION_DAYS: fallingBackTo(
    '90',
    format.wholeNumber(0, 3650),
    'Days for which one signing key signs before the next one takes its place; 0 leaves that to operators.',
  ),
  CARDEA_AUDIT_RETENTION_DAYS: fallingBackTo(
    '0',
    format.retentionDays,
    'Days after which audit events are removed, provably, from the oldest on: 30 or more; 0 keeps them all.',
    { example: '400' },
  ),
  DATABASE_URL: leftOut(
    format.postgresUrl,
    'Address of the PostgreSQL database. Left out, the embedded PostgreSQL is started in the data folder.',
    {
      secret: true,
      example: 'postgresql://cardea:PASSWORD@db.internal:5432/cardea',
      production: 'required, unless CARDEA_EMBEDDED_POSTGRES is true',
    },
  ),
  CARDEA_DIRECT_DATABASE_URL: leftOut(
    format.postgresUrl,
    'The same database past the pooler, when DATABASE_URL is one that lends connections by transaction (PgBouncer): migrations and the command line go there.',
    { secret: true, example: 'postgresql://cardea:PASSWORD@primary.internal:5432/cardea' },
  ),
  CARDEA_EMBEDDED_POSTGRES: fallingBackTo(
    'false',
    format.yesOrNo,
    'Whether production may run on the embedded PostgreSQL.',
    { example: 'true' },
  ),
  CARDEA_DATABASE_POOL: fallingBackTo(
    '10',
    format.wholeNumber(2, 500),
    'Connections one process may hold to the database.',
  ),
  CARDEA_DATABASE_TIMEOUT: fallingBackTo(
    '3000',
    milliseconds(100, 60_000),
    'Milliseconds one statement may take. Must be below CARDEA_REQUEST_TIMEOUT.',
  ),
  CARDEA_JOBS: fallingBackTo(
    'true',
    format.yesOrNo,
    'Whether the server does the jobs of the queue itself; with false, `cardea worker` must run somewhere.',
    { example: 'false' },
  ),
  CARDEA_JOBS_DATABASE_URL: leftOut(
    format.postgresUrl,
    'Address by which the worker reaches the same database, where DATABASE_URL is a pooler that shares connections between transactions: the worker listens.',
    { secret: true, example: 'postgresql://cardea:PASSWORD@db.internal:5432/cardea' },
  ),
  CARDEA_LOG_LEVEL: fallingBackTo(
    'info',
    format.oneOf('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'),
    'Least severe kind of log line that is written.',
  ),
  CARDEA_TRUSTED_PROXIES: fallingBackTo(
    '',
    format.networks,
    'Addresses and networks of the proxies in front, whose X-Forwarded-For and X-Forwarded-Proto count.',
    { example: '10.0.0.0/8', production: 'needed behind a TLS proxy' },
  ),
  CARDEA_OUTBOUND_ALLOW: fallingBackTo(
    '',
    format.hostsAndNetworks,
    'Hosts and networks that requests of ours (logout notices, client keys, logos) may reach although private.',
    { example: 'rp.internal, 10.1.0.0/16' },
  ),
  CARDEA_BROKER_URL: leftOut(
    format.amqpUrl,
    'A message broker (RabbitMQ) that is told what happens: `amqps://` for TLS. Left out, none is.',
    { secret: true, example: 'amqps://cardea:PASSWORD@broker.example.com/events' },
  ),
  CARDEA_BROKER_EXCHANGE: fallingBackTo(
    'cardea.events',
    format.brokerName,
    'The topic exchange that events are published to; the routing key is the type. It is declared if need be.',
  ),
  CARDEA_BROKER_QUEUE: fallingBackTo(
    'cardea.events',
    format.brokerName.transform((name) => (name === 'none' ? null : name)),
    'A quorum queue that all of them end up in, declared if need be; `none` where you bind queues of your own.',
    { example: 'none' },
  ),
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
    'With `open`: only addresses of these domains; left empty, of any.',
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
  CARDEA_REQUEST_TIMEOUT: fallingBackTo(
    '10000',
    milliseconds(500, 120_000),
    'Milliseconds after which a request is answered with 503.',
  ),
  CARDEA_SHUTDOWN_TIMEOUT: fallingBackTo(
    '10000',
    milliseconds(0, 600_000),
    'Milliseconds that requests in flight get to finish when the process is told to stop.',
  ),
  CARDEA_SIGNALS_DEFAULT_SUBJECTS: fallingBackTo(
    'ALL',
    format.oneOf('ALL', 'NONE'),
    'Whom a new stream of security events is about: ALL users but those its receiver removes, or NONE but those it adds.',
  ),
  CARDEA_RATE_LIMIT: fallingBackTo(
    '120',
    format.wholeNumber(1, 1_000_000),
    'Sign-ins an anonymous address may start in a minute, and refusals it may get at the endpoint for security tools.',
  ),
  CARDEA_ADMIN_RATE_LIMIT: fallingBackTo(
    '600',
    format.wholeNumber(1, 1_000_000),
    'Requests one caller of the admin API may make in a minute, over all instances.',
  ),
}

export type VariableName = keyof typeof variables

/** The value of every variable once it has been read. */
export type Values = { [Name in VariableName]: z.output<(typeof variables)[Name]['format']> }
