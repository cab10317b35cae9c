import type { Language } from './languages.ts'

/** How much of a date is written. Clocks of people are unknown to us, so a time always says that it is UTC. */
export type DateStyle = 'day' | 'moment'

const styles: Record<DateStyle, Intl.DateTimeFormatOptions> = {
  day: { dateStyle: 'long', timeZone: 'UTC' },
  moment: {
    ...{ year: 'numeric', month: 'long', day: 'numeric', hour: '2-digit', minute: '2-digit' },
    ...{ timeZone: 'UTC', timeZoneName: 'short' },
  },
}

const dates = new Map<string, Intl.DateTimeFormat>()
const numbers = new Map<Language, Intl.NumberFormat>()

/** A date as the language writes it: `moment` with the time in UTC, `day` without. */
export function formatDate(language: Language, date: Date, style: DateStyle = 'moment'): string {
  const id = `${language}/${style}`
  const format = dates.get(id) ?? new Intl.DateTimeFormat(language, styles[style])
  dates.set(id, format)
  return format.format(date)
}

/** A number as the language writes it. */
export function formatNumber(language: Language, value: number): string {
  const format = numbers.get(language) ?? new Intl.NumberFormat(language)
  numbers.set(language, format)
  return format.format(value)
}
