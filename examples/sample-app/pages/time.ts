import { html, type Html } from './html.ts'

const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' })
const UNITS = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
] as const

/** A moment a person can read: clock time in UTC, and how far it is from `now`. */
export function moment(when: Date, now: Date): Html {
  const iso = when.toISOString()
  const clock = `${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC`
  return html`<time datetime="${iso}" title="${clock}">${distance(when, now)}</time> <small>${clock}</small>`
}

function distance(when: Date, now: Date): string {
  const seconds = Math.round((when.getTime() - now.getTime()) / 1000)
  for (const [unit, size] of UNITS)
    // A page takes a moment to arrive: 59:59 reads as an hour.
    if (Math.abs(seconds) >= size * 0.98) return relative.format(Math.round(seconds / size), unit)
  return relative.format(seconds, 'second')
}
