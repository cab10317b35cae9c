import { networkOf, networksOf, widestNetworkOf } from './network.ts'
import type { MailTicketPurpose } from './mail-ticket.ts'
import { counterKey, networkCounters } from './throttle-counters.ts'
import type { Counter } from './throttle-counters.ts'
import type { CounterPolicy } from './throttle-policy.ts'

const hour = 3600
const day = 24 * hour

const requestsOfNetwork: CounterPolicy = {
  limit: 40,
  windowSeconds: hour,
  renews: false,
  blockSeconds: 15 * 60,
  maxBlockSeconds: hour,
  clearedBySuccess: false,
}
// Three at once, then one after four hours and another after eight: at most five a day, of the fifteen mails that the address gets, and
// three an hour of its five. So strangers in one network leave room for the owner (TH-03).
const requestsForAddress: CounterPolicy = {
  limit: 3,
  every: 1,
  windowSeconds: day,
  renews: true,
  blockSeconds: 4 * hour,
  maxBlockSeconds: day,
  clearedBySuccess: false,
}
// The way out of a wait that strangers caused must not be shut for long by three mails that a stranger behind the same router asked for:
// three at once, then one after a quarter of an hour, and at least one an hour. So one network cannot use up the thirty a day either.
const unlocksForAddress: CounterPolicy = {
  ...requestsForAddress,
  blockSeconds: 15 * 60,
  maxBlockSeconds: hour,
}
const codesOfNetwork: CounterPolicy = { ...requestsOfNetwork, limit: 60 }
// Twenty, then one more after an hour, after two, four and eight: at most 24 a day of a million, however many mails were asked for.
const codesForAddress: CounterPolicy = {
  ...requestsOfNetwork,
  limit: 20,
  every: 1,
  windowSeconds: day,
  blockSeconds: hour,
  maxBlockSeconds: day,
}

/**
 * What a form is counted by that may make us write a mail to an address that somebody typed: the network (HT-05). Nothing from a browser
 * that is known for that address: it is counted with the mail, and others behind the same router must not shut the form for it (TH-03).
 */
export function mailFormCounters({ ip, browser = null }: { ip: string; browser?: string | null }): Counter[] {
  if (browser !== null) return []
  return networkCounters('mail-request.network', requestsOfNetwork, ip)
}

/**
 * What the mail itself is counted by: the address together with the network, the widest there is, so that a stranger elsewhere cannot use
 * up what the owner may ask for; from a browser that is known for the address that browser alone, so that nor can one behind the same
 * router. Ways out of a wait apart from the rest, and by the narrowest network, the widest having four times as much. The same whether or
 * not somebody has the address.
 */
export function mailAddressCounters({
  email,
  ip,
  browser,
  purpose,
}: {
  email: string
  ip: string
  browser: string | null
  purpose: MailTicketPurpose
}): Counter[] {
  const unlocks = purpose === 'unlock'
  const [kind, policy] = unlocks
    ? ['unlock-request', unlocksForAddress]
    : ['mail-request', requestsForAddress]
  if (browser !== null) return [{ key: counterKey(`${kind}.browser`, browser), policy }]
  const widest = widestNetworkOf(ip)
  const networks = unlocks
    ? networksOf(ip).filter(({ name, times }) => times === 1 || name === widest)
    : [{ name: widest, times: 1 }]
  return networks.map(({ name, times }) => ({
    key: counterKey(`${kind}.address-network`, email, `${email}\n${name}`),
    policy: { ...policy, limit: policy.limit * times },
    about: { network: name },
  }))
}

/**
 * What a code from a mail is counted by, besides its ticket: from a browser that is known for the address that browser alone, so that no
 * stranger can shut it out; else the network and the address. A code that unlocks has no link beside it: it is counted for the address and
 * the network together, or a stranger's guesses elsewhere would shut the way out for the owner (TH-03).
 */
export function mailCodeCounters({
  email,
  ip,
  purpose,
  browser,
  userId,
}: {
  email: string
  ip: string
  purpose: MailTicketPurpose
  browser: string | null
  /** Who has the address, for operators. */
  userId: string | undefined
}): Counter[] {
  const policy = codesForAddress
  if (browser !== null) return [{ key: counterKey('mail-code.browser', browser), policy, about: { userId } }]
  const network = networkOf(ip)
  const ofAddress: Counter =
    purpose === 'unlock'
      ? {
          ...{ key: counterKey('mail-code.address-network', email, `${email}\n${network}`), policy },
          about: { userId, network },
        }
      : { key: counterKey('mail-code.address', email), policy, about: { userId } }
  return [...networkCounters('mail-code.network', codesOfNetwork, ip), ofAddress]
}
