import { networkOf } from './network.ts'
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
const requestsForAddress: CounterPolicy = { ...requestsOfNetwork, limit: 8 }
const codesOfNetwork: CounterPolicy = { ...requestsOfNetwork, limit: 60 }
const codesForAddress: CounterPolicy = {
  ...requestsOfNetwork,
  limit: 20,
  windowSeconds: day,
  blockSeconds: day,
  maxBlockSeconds: day,
}

/**
 * What a request is counted by that makes us write a mail to an address that somebody typed: the network, and the address together
 * with the network, so that a stranger elsewhere cannot use up what the owner may ask for. Each is one mail and one ticket, so
 * this bounds the rows that somebody can leave behind (HT-05).
 */
export function mailRequestCounters({ email, ip }: { email: string; ip: string }): Counter[] {
  const network = networkOf(ip)
  return [
    ...networkCounters('mail-request.network', requestsOfNetwork, ip),
    {
      key: counterKey('mail-request.address-network', email, `${email}\n${network}`),
      policy: requestsForAddress,
    },
  ]
}

/**
 * What a code from a mail is counted by, besides its ticket. A code that unlocks has no link beside it: it is counted for the address
 * and the network together, or a stranger's guesses would shut the way out for the owner (TH-03).
 */
export function mailCodeCounters({
  email,
  ip,
  purpose,
}: {
  email: string
  ip: string
  purpose: MailTicketPurpose
}): Counter[] {
  const key =
    purpose === 'unlock'
      ? counterKey('mail-code.address-network', email, `${email}\n${networkOf(ip)}`)
      : counterKey('mail-code.address', email)
  return [...networkCounters('mail-code.network', codesOfNetwork, ip), { key, policy: codesForAddress }]
}
