/** How many failures one counter lets through, and what follows. */
export type CounterPolicy = {
  /** Failures after which the counter blocks; after each block it lets as many through again before the next, longer one. */
  limit: number
  /** Failures are forgotten after so many seconds… */
  windowSeconds: number
  /** …counted from the last failure or the end of a block (true), or from the first (false). */
  renews: boolean
  /** The first block, in seconds. Each later one is twice as long, up to the cap: no block is for good. */
  blockSeconds: number
  maxBlockSeconds: number
  /** A success of the same kind forgets the failures. Never true for a counter that different accounts share (TH-05). */
  clearedBySuccess: boolean
}

/** Whom attempts are counted for, and how many each may make. */
export type ThrottlePolicy = {
  password: {
    /** One account from one network. */
    accountNetwork: CounterPolicy
    /** One account from everywhere: at most 100 consecutive failures (NIST SP 800-63B section 3.2.2). */
    account: CounterPolicy
    /** One network against all accounts. */
    network: CounterPolicy
    /** One known device against the account it is known for. */
    device: CounterPolicy
  }
  otp: { user: CounterPolicy; userPerDay: CounterPolicy }
  otpEnrolment: { user: CounterPolicy }
  recoveryCode: { user: CounterPolicy }
}

const minute = 60
const hour = 60 * minute
const day = 24 * hour

const code: CounterPolicy = {
  limit: 5,
  windowSeconds: day,
  renews: true,
  blockSeconds: 15 * minute,
  maxBlockSeconds: day,
  clearedBySuccess: true,
}
const password: CounterPolicy = { ...code, limit: 10, windowSeconds: 15 * minute }

/** The limits we ship. A success gives back its own attempt everywhere; what else it clears is said by each counter. */
export const defaultThrottlePolicy: ThrottlePolicy = {
  password: {
    accountNetwork: password,
    account: {
      limit: 100,
      windowSeconds: hour,
      renews: true,
      blockSeconds: hour,
      maxBlockSeconds: day,
      clearedBySuccess: false,
    },
    network: {
      limit: 300,
      windowSeconds: hour,
      renews: false,
      blockSeconds: 15 * minute,
      maxBlockSeconds: hour,
      clearedBySuccess: false,
    },
    device: password,
  },
  otp: {
    user: code,
    // Bounds what someone who knows the password can guess between the owner's own sign-ins, which clear the other counter.
    userPerDay: {
      limit: 20,
      windowSeconds: day,
      renews: false,
      blockSeconds: hour,
      maxBlockSeconds: day,
      clearedBySuccess: false,
    },
  },
  otpEnrolment: { user: code },
  recoveryCode: { user: code },
}

/** The lengths in seconds of a counter's first, second, third… block; the last one is that of all further blocks. */
export function blockSchedule({ blockSeconds, maxBlockSeconds }: CounterPolicy): number[] {
  const blocks = [Math.min(blockSeconds, maxBlockSeconds)]
  for (let next = blockSeconds * 2; (blocks.at(-1) ?? maxBlockSeconds) < maxBlockSeconds; next *= 2)
    blocks.push(Math.min(next, maxBlockSeconds))
  return blocks
}

/** Whole seconds until a block ends, for Retry-After: at least one. */
export function secondsUntil(blockedUntil: Date, now: Date): number {
  return Math.max(1, Math.ceil((blockedUntil.getTime() - now.getTime()) / 1000))
}
