import { z } from 'zod'
import { Refusal } from '../refusal.ts'
import type { Reason } from '../refusal.ts'
import { clean } from './clean.ts'

const schema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number(),
  detail: z.string().optional(),
  instance: z.string().optional(),
  errors: z
    .array(z.object({ pointer: z.string().optional(), parameter: z.string().optional(), detail: z.string() }))
    .optional(),
})
type Problem = z.output<typeof schema>

const reasons: Record<number, Reason> = {
  ...{ 400: 'bad_data', 413: 'bad_data', 415: 'bad_data', 422: 'bad_data' },
  ...{ 401: 'not_signed_in', 403: 'forbidden', 404: 'not_found', 429: 'unavailable', 503: 'unavailable' },
}

/** What the API answered instead of what was asked for (RFC 9457), as a Refusal: one sentence, and where the faults are. */
export function refusalOf(api: string, status: number, body: unknown): Refusal {
  const parsed = schema.safeParse(body)
  if (!parsed.success)
    return new Refusal('failed', `${api} answers ${status}, and not as the admin API does.`)
  const problem = parsed.data
  return new Refusal(reasonOf(problem), [sentenceOf(problem), ...faultsOf(problem)].join('\n'), {
    problem: body as object,
  })
}

function reasonOf({ type, status }: Problem): Reason {
  if (status === 409 && type.endsWith('_taken')) return 'already_exists'
  return reasons[status] ?? 'failed'
}

function sentenceOf(problem: Problem): string {
  const said = [problem.title, problem.detail, remedyOf(problem)]
    .filter((part) => part !== undefined)
    .map((part) => clean(part).replace(/\.$/, ''))
  return `${said.join('. ')}.`
}

function remedyOf({ type, status, instance }: Problem): string | undefined {
  if (type.endsWith(':insufficient_user_authentication')) return 'Run: cardea login'
  if (status === 401) return 'Run: cardea login'
  if (status === 412) return 'Look at it again, and repeat'
  // With this the server's log can be searched.
  return status >= 500 && instance !== undefined ? `The server's log has it as ${instance}` : undefined
}

function faultsOf({ errors = [] }: Problem): string[] {
  return errors.map(({ pointer, parameter, detail }) =>
    clean(`  ${[parameter ?? pointer, detail].filter(Boolean).join('  ')}`),
  )
}
