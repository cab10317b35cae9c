import type { z } from 'zod'

export type Mode = 'development' | 'production'

/** One variable of the environment: how its text is read, and what people should know about it. */
export interface Variable<T> {
  format: z.ZodType<T, string | undefined>
  /** The text that stands in when the variable is unset, or undefined. */
  fallback: (mode: Mode) => string | undefined
  meaning: string
  /** The default as the reference table shows it. */
  shown: string
  /** A value as it might be written. */
  example: string | undefined
  /** What production asks of it beyond development. */
  production: string | undefined
  /** Never shown in a problem. */
  secret: boolean
}

type Details = Partial<Pick<Variable<unknown>, 'shown' | 'example' | 'production' | 'secret'>>

/** A variable that always has a value: its own, or one that may depend on the mode. */
export function fallingBackTo<T>(
  value: string | Record<Mode, string>,
  format: z.ZodType<T, string>,
  meaning: string,
  details: Details = {},
): Variable<T> {
  const perMode = typeof value === 'string' ? { development: value, production: value } : value
  const shown =
    typeof value === 'string'
      ? code(value)
      : `development: ${code(value.development)}, production: ${code(value.production)}`
  const example = details.example ?? perMode.production
  return describe(format as z.ZodType<T, string | undefined>, (mode) => perMode[mode], meaning, {
    shown,
    ...details,
    example,
  })
}

/** A variable that may stay without a value. */
export function leftOut<T>(
  format: z.ZodType<T, string>,
  meaning: string,
  details: Details = {},
): Variable<T | undefined> {
  return describe(format.optional(), () => undefined, meaning, details)
}

function describe<T>(
  format: Variable<T>['format'],
  fallback: Variable<T>['fallback'],
  meaning: string,
  { shown = '–', example, production, secret = false }: Details,
): Variable<T> {
  return { format, fallback, meaning, shown, example, production, secret }
}

function code(text: string): string {
  return text === '' ? 'none' : `\`${text}\``
}
