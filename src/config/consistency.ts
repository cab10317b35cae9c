import { isLoopback } from './loopback.ts'
import type { Problem } from './problem.ts'
import type { Values, VariableName } from './variables.ts'

// Each rule looks only at values that could be read, so one mistake is never reported as two.
type Rule = (values: Partial<Values>) => Problem | false | undefined

const notAbove =
  (lower: NumberName, upper: NumberName): Rule =>
  (values) =>
    above(values[lower], values[upper]) && {
      variable: lower,
      problem: `is greater than ${upper}`,
      remedy: `Lower it, or raise ${upper}`,
    }

/** What must hold between settings in every mode. */
const always: Rule[] = [
  notAbove('CARDEA_SESSION_IDLE', 'CARDEA_SESSION_ABSOLUTE'),
  notAbove('CARDEA_REFRESH_TOKEN_IDLE', 'CARDEA_REFRESH_TOKEN_ABSOLUTE'),
  (values) =>
    // A request that waits for one hung statement must still be able to say so.
    atLeast(values.CARDEA_DATABASE_TIMEOUT, values.CARDEA_REQUEST_TIMEOUT) && {
      variable: 'CARDEA_DATABASE_TIMEOUT',
      problem: 'is not below CARDEA_REQUEST_TIMEOUT',
      remedy: 'Lower it, or raise CARDEA_REQUEST_TIMEOUT',
    },
  ({ CARDEA_PORT: port, CARDEA_OPS_PORT: opsPort }) =>
    port !== undefined &&
    port !== 0 &&
    port === opsPort && {
      variable: 'CARDEA_OPS_PORT',
      problem: `is ${port}, and so is CARDEA_PORT`,
      remedy: 'Give the operations listener a port of its own',
    },
  (values) =>
    values.CARDEA_DIRECT_DATABASE_URL !== undefined &&
    'DATABASE_URL' in values &&
    values.DATABASE_URL === undefined && {
      variable: 'CARDEA_DIRECT_DATABASE_URL',
      problem: 'is set without DATABASE_URL',
      remedy: 'Set DATABASE_URL to the pooler, or only DATABASE_URL when there is none',
    },
  (values) =>
    values.CARDEA_JOBS_DATABASE_URL !== undefined &&
    'DATABASE_URL' in values &&
    values.DATABASE_URL === undefined && {
      variable: 'CARDEA_JOBS_DATABASE_URL',
      problem: 'leads to a database, and DATABASE_URL to none',
      remedy: 'Set DATABASE_URL: both must lead to the same database',
    },
]

/** What production asks for beyond that. */
const production: Rule[] = [
  ({ CARDEA_SHUTDOWN_DELAY: delay, CARDEA_SHUTDOWN_TIMEOUT: timeout }) =>
    // The other half is for those who came last.
    above(delay, timeout === undefined ? undefined : timeout / 2) && {
      variable: 'CARDEA_SHUTDOWN_DELAY',
      problem: `is ${delay}, more than half of CARDEA_SHUTDOWN_TIMEOUT`,
      remedy: 'Lower it, or raise CARDEA_SHUTDOWN_TIMEOUT',
    },
  (values) =>
    values.CARDEA_REGISTRATION === 'open' &&
    'CARDEA_SMTP_URL' in values &&
    values.CARDEA_SMTP_URL === undefined && {
      variable: 'CARDEA_REGISTRATION',
      problem: 'is open, and there is no mail server to confirm addresses with',
      remedy: 'Set CARDEA_SMTP_URL, or let accounts be made by invitation',
    },
  ({ CARDEA_ISSUER: issuer }) =>
    issuer?.startsWith('http:') &&
    !staysHere(new URL(issuer)) && {
      variable: 'CARDEA_ISSUER',
      problem: 'is an http address that is not loopback',
      remedy: 'Use https; a proxy in front may do the TLS (see CARDEA_TRUSTED_PROXIES)',
    },
]

/** What only development asks for. */
const development: Rule[] = [
  ({ CARDEA_WORKERS: workers = 1 }) =>
    workers !== 1 && {
      variable: 'CARDEA_WORKERS',
      problem: 'is not 1 in development',
      remedy: 'Leave it out, or start Cardea in production mode',
    },
]

/** Problems between values that are each well written. */
export function inconsistencies(values: Partial<Values>, mode: 'development' | 'production'): Problem[] {
  const rules = [...always, ...(mode === 'production' ? production : development)]
  return rules
    .map((rule) => rule(values))
    .filter((problem): problem is Problem => typeof problem === 'object')
}

/** Problems of variables that production cannot do without. `missing` says whether one was not set at all. */
export function missingInProduction(
  values: Partial<Values>,
  missing: (name: VariableName) => boolean,
): Problem[] {
  const problems: Problem[] = []
  if (missing('CARDEA_ISSUER')) {
    const remedy = 'Set it to the https address people will use, e.g. https://id.example.com'
    problems.push({ variable: 'CARDEA_ISSUER', problem: 'is missing', remedy })
  }
  if (missing('DATABASE_URL') && values.CARDEA_EMBEDDED_POSTGRES === false) {
    const remedy =
      'Set it to a PostgreSQL database, or set CARDEA_EMBEDDED_POSTGRES=true to run on the embedded one'
    problems.push({ variable: 'DATABASE_URL', problem: 'is missing', remedy })
  }
  return problems
}

type NumberName = { [Name in VariableName]: Values[Name] extends number ? Name : never }[VariableName]

function above(a: number | undefined, b: number | undefined): boolean {
  return a !== undefined && b !== undefined && a > b
}

function atLeast(a: number | undefined, b: number | undefined): boolean {
  return a !== undefined && b !== undefined && a >= b
}

/** A name below .localhost leads to this machine as well, if not everywhere (RFC 6761 section 6.3). */
function staysHere({ hostname }: URL): boolean {
  return isLoopback(hostname) || hostname.endsWith('.localhost')
}
