import { z } from 'zod'
import { languages } from '../language/index.ts'
import * as format from './formats.ts'
import { milliseconds } from './formats.ts'
import { peopleVariables } from './people-variables.ts'
import { tracingVariables } from './tracing-variables.ts'
import { fallingBackTo, leftOut } from './variable.ts'

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
  ...tracingVariables,
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
  ...peopleVariables,
  CARDEA_REQUEST_TIMEOUT: fallingBackTo(
    '10000',
    milliseconds(500, 120_000),
    'Milliseconds after which a request is answered with 503.',
  ),
  CARDEA_SHUTDOWN_TIMEOUT: fallingBackTo(
    '12000',
    milliseconds(0, 600_000),
    'Milliseconds that requests in flight get to finish when the process is told to stop; at least twice CARDEA_SHUTDOWN_DELAY. More than that, half a second and CARDEA_REQUEST_TIMEOUT together, or the slowest of those who came last are cut off.',
  ),
  CARDEA_SHUTDOWN_DELAY: fallingBackTo(
    '1000',
    milliseconds(0, 300_000),
    'Milliseconds, at most half of CARDEA_SHUTDOWN_TIMEOUT, for which a process told to stop still takes new connections, until the proxy in front has heard that it is not ready. None in development.',
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
