import { auditTypes } from '../audit/index.ts'

/** Does an endpoint that asked for these types want an event of this type? `*` is all of them, `user.*` all that begin so. */
export function wants(asked: readonly string[], type: string): boolean {
  return asked.some(
    (one) => one === '*' || one === type || (one.endsWith('.*') && type.startsWith(one.slice(0, -1))),
  )
}

/** Can this be asked for: a type that there is, or a beginning of some with a star behind it. One that none has would stay silent for ever. */
export function isTypePattern(text: string): boolean {
  const hasForm = text.length <= 100 && /^(\*|[a-z_]+(\.[a-z_]+)*(\.\*)?)$/.test(text)
  return hasForm && auditTypes.some((type) => wants([text], type))
}
