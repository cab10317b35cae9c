/** How many failures one counter lets through, and what follows. */
export type CounterPolicy = {
  /** Failures after which the counter blocks for the first time… */
  limit: number
  /** …and after how many more each time from then on: 1 is a delay that grows with every failure. As many as `limit` when left out. */
  every?: number | undefined
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

/** When wrong passwords over all users are an attack on all of them. Only browsers that nobody knows are counted, and asked for more. */
export type StuffingPolicy = {
  /** So many failures in a window raise the alarm; 0 never does. */
  failures: number
  windowSeconds: number
  /** It lasts so long after the last window that had too many. */
  calmSeconds: number
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
    /** One known browser against the account it is known for. */
    browser: CounterPolicy
  }
  stuffing: StuffingPolicy
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
// Ten at once, as people do who try all they can remember; then a delay of 1, 2, 4 … seconds after each.
const password: CounterPolicy = {
  limit: 10,
  every: 1,
  windowSeconds: hour,
  renews: true,
  blockSeconds: 1,
  maxBlockSeconds: hour,
  clearedBySuccess: true,
}

/** The limits we ship. A success gives back its own attempt everywhere; what else it clears is said by each counter. */
export const defaultThrottlePolicy: ThrottlePolicy = {
  password: {
    accountNetwork: password,
    account: {
      limit: 100,
      every: 10,
      windowSeconds: hour,
      renews: true,
      blockSeconds: hour,
      maxBlockSeconds: day,
      clearedBySuccess: false,
    },
    network: {
      limit: 300,
      every: 10,
      windowSeconds: hour,
      renews: false,
      blockSeconds: minute,
      maxBlockSeconds: hour,
      clearedBySuccess: false,
    },
    browser: password,
  },
  stuffing: { failures: 1000, windowSeconds: 10 * minute, calmSeconds: 15 * minute },
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

/**
 * While the alarm is on and no mail can be sent to prove more, browsers that nobody knows get a fifth of what they have otherwise, and
 * wait longer sooner. Known browsers keep all they have.
 */
export function tightened(policy: ThrottlePolicy['password']): ThrottlePolicy['password'] {
  const less = (counter: CounterPolicy, blockSeconds: number): CounterPolicy => ({
    ...counter,
    limit: Math.max(2, Math.ceil(counter.limit / 5)),
    blockSeconds: Math.max(counter.blockSeconds, blockSeconds),
  })
  return {
    ...policy,
    accountNetwork: less(policy.accountNetwork, minute),
    network: less(policy.network, minute),
  }
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
