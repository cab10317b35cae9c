import Bowser from 'bowser'
import { text } from '../../language/index.ts'
import type { Text } from '../../language/index.ts'

const LONGEST = 400
const LONGEST_NAME = 40

/** What a browser says it is, as people call it: "Firefox on Android". Only a hint: a browser may say anything. */
export function deviceWords(userAgent: string | null): Text {
  const seen = userAgent === null || userAgent === '' ? null : Bowser.parse(userAgent.slice(0, LONGEST))
  const browser = seen?.browser.name?.slice(0, LONGEST_NAME)
  const system = seen?.os.name?.slice(0, LONGEST_NAME)
  if (browser && system) return text('account:self.device.both', { browser, system })
  const name = browser ?? system
  return name ? text('account:self.device.one', { name }) : text('account:self.device.unknown')
}

/** Whether it is held in the hand, for the picture beside it. */
export function isHandheld(userAgent: string | null): boolean {
  return userAgent !== null && /Mobi|Android|iPhone|iPad/.test(userAgent.slice(0, LONGEST))
}
