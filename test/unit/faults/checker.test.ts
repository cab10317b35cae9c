import { describe, expect, test } from '@jest/globals'
import { check } from '../../../faults/check/check.ts'
import type { Entry } from '../../../faults/index.ts'
import {
  access,
  accepted,
  code,
  ending,
  goodEnd,
  goodLife,
  limits,
  living,
  refresh,
  refused,
  request,
  session,
  thing,
} from './journals.ts'

/** What is broken by this happening beside a good life. */
const broken = (...entries: Entry[]) =>
  check([...goodLife, ...entries, ...goodEnd], limits).map(({ what }) => what)
const heard = (at: number, status: number | null = 200): Entry => ({
  ...{ type: 'notice', client: 'web', sid: 'sid-1', at, status },
})
const signedOut = ending(1000, { scope: 'session', id: 's1' })

test('finds nothing in a journal in which every promise was kept', () => {
  expect(broken()).toEqual([])
  expect(broken(signedOut, heard(2000), refused(1100, access))).toEqual([])
})

describe('a code works at most once', () => {
  test('two successes are one too many, in sequence or in parallel', () => {
    expect(broken(accepted(250, code))).toEqual(['code:c1 was redeemed 2 times'])
    expect(broken(accepted(201, code))).toEqual(['code:c1 was redeemed 2 times'])
  })

  test('a refused second use, and one that nobody answered, are none', () => {
    expect(
      broken(refused(250, code), request(260, { presents: code, status: 503, retryAfter: true })),
    ).toEqual([])
  })
})

describe('nothing works after its acknowledged end', () => {
  test.each([
    ['a session', { scope: 'session', id: 's1' }],
    ['a user', { scope: 'user', id: 'pat' }],
    ['a grant', { scope: 'grant', id: 's1/web' }],
  ] as const)('not what hangs from %s', (_what, end) => {
    const late = [accepted(1100, access), accepted(1200, thing('refresh', 'r2'))]
    expect(broken(ending(1000, end), ...late, heard(2000))).toEqual([
      expect.stringContaining('of access:a1 accepted by instance 0 90 ms after the end'),
      expect.stringContaining('of refresh:r2 accepted'),
    ])
  })

  test('nor a code or a browser of that session', () => {
    const late = [accepted(1100, thing('code', 'c2')), accepted(1200, session)]
    expect(broken(signedOut, ...late, heard(2000))).toHaveLength(2)
  })

  test('what was sent before the acknowledgement, belongs to another or was never acknowledged is free', () => {
    expect(broken(signedOut, accepted(1005, access), heard(2000))).toEqual([])
    const elsewhere = thing('access', 'a9', { user: 'kim', session: 's9', grant: 's9/web' })
    expect(broken(signedOut, accepted(1100, elsewhere), heard(2000))).toEqual([])
    expect(broken(ending(1000, { scope: 'session', id: 's1' }, false), accepted(1100, access))).toEqual([])
  })

  test('a later sign-in of the same user is none of it, but with a disabled account there is none', () => {
    const disabled = { ...ending(1000, { scope: 'user', id: 'pat' }), what: 'disable' }
    const later = thing('access', 'a5', { session: 's5', grant: 's5/web', begunAt: 1500 })
    const account = thing('account', 'pat', { session: '', grant: '', begunAt: 1500 })
    expect(broken(disabled, accepted(1600, later), heard(2000))).toEqual([])
    expect(broken(disabled, accepted(1600, account), heard(2000))).toHaveLength(1)
    const enabled = request(1550, { reopens: 'pat' })
    expect(broken(disabled, enabled, accepted(1600, account), heard(2000))).toEqual([])
  })
})

describe('what was handed out works until it expires or is ended', () => {
  test('a refusal without a reason breaks it, for tokens and codes', () => {
    expect(broken(refused(500, access))).toEqual([expect.stringContaining('access:a1 refused (400)')])
    expect(broken(refused(500, thing('refresh', 'r2')))).toHaveLength(1)
    const fresh = thing('code', 'c2', { grant: 's1/spa' })
    expect(broken(request(450, { issues: [living(fresh, 60_000)] }), refused(500, fresh))).toHaveLength(1)
  })

  test('a token that was rotated a moment ago works again, and an old one ends its family', () => {
    expect(broken(refused(1000, refresh))).toHaveLength(1)
    expect(broken(refused(55_000, refresh), refused(56_000, access))).toEqual([])
  })

  test('a 503 is no refusal, and an end that was only asked for is reason enough', () => {
    expect(broken(request(500, { presents: access, status: 503, retryAfter: true }))).toEqual([])
    expect(broken(ending(450, { scope: 'grant', id: 's1/web' }, false), refused(500, access))).toEqual([])
  })

  test('a code presented twice takes its tokens with it', () => {
    expect(broken(refused(250, code), refused(500, access))).toEqual([])
  })

  test('it expires by the clock that is furthest ahead', () => {
    const short = thing('access', 'a7')
    const issue = request(450, { issues: [living(short, 30_000)] })
    expect(broken(issue, refused(15_000, short))).toHaveLength(1)
    const ahead: Entry = { type: 'clock', instance: 1, at: 460, offsetMs: 10_000 }
    expect(broken(issue, ahead, refused(15_000, short))).toEqual([])
  })
})

describe('answers', () => {
  test('a 5xx but 503, and a 503 that does not say when to come again, break a promise', () => {
    expect(broken(request(500, { status: 500 }))).toEqual([expect.stringContaining('500 to request')])
    expect(broken(request(500, { status: 503 }))).toEqual([
      expect.stringContaining('503 without Retry-After'),
    ])
    expect(broken(request(500, { status: 503, retryAfter: true }))).toEqual([])
  })

  test('none at all, and a late one, break the deadline', () => {
    const lost = request(500, { status: null, loss: 'lost' })
    expect(broken(lost)).toEqual([expect.stringContaining('no answer (lost)')])
    expect(broken(request(500, { endedAt: 2500 }))).toEqual([expect.stringContaining('for 2000 ms')])
  })

  test('what we did to that instance is the one excuse, and for a late answer only as long as it took', () => {
    const lost = request(500, { status: null, loss: 'lost' })
    const window = { type: 'window', instance: 0, from: 400, to: 700 } as const
    expect(broken(lost, { ...window, why: 'down' })).toEqual([])
    expect(broken(lost, { ...window, why: 'down', instance: 1 })).toHaveLength(1)
    expect(broken(lost, { ...window, why: 'paused' })).toHaveLength(1)
    const late = request(500, { endedAt: 2500 })
    expect(broken(late, { ...window, why: 'paused' })).toHaveLength(1)
    expect(broken(late, { ...window, why: 'paused', to: 1100 })).toEqual([])
    expect(broken({ ...lost, loss: 'gave_up', endedAt: 9000 })).toHaveLength(1)
  })

  test('a connection that is cut long after the deadline excuses nothing', () => {
    const lost = request(500, { status: null, loss: 'lost', endedAt: 8000 })
    const cut = { type: 'window', instance: 0, why: 'cut' } as const
    expect(broken(lost, { ...cut, from: 7990, to: 7990 })).toEqual([expect.stringContaining('for 7490 ms')])
    expect(broken(lost, { ...cut, from: 1900, to: 1900 })).toEqual([])
  })
})

describe('a process that is told to stop', () => {
  const window = { type: 'window', instance: 0 } as const
  const stopped: Entry[] = [
    { ...window, why: 'draining', from: 600, to: 900 },
    { ...window, why: 'down', from: 900, to: 1200 },
  ]
  const unanswered = (sentAt: number, endedAt: number, loss: 'refused' | 'lost' | 'broken' | 'gave_up') =>
    request(sentAt, { endedAt, status: null, loss })

  test('answers what it was asked before, and whoever comes while its door is open', () => {
    expect(broken(...stopped, unanswered(590, 850, 'lost'))).toEqual([
      'no answer (lost) to request at instance 0, sent at 590 ms, 250 ms after it was told to stop',
    ])
    expect(broken(...stopped, unanswered(620, 640, 'broken'))).toHaveLength(1)
    expect(broken(...stopped, request(590, { endedAt: 850 }), request(620))).toEqual([])
  })

  test('that it ends a moment later, and is down then, is no excuse for what it cuts', () => {
    expect(broken(...stopped, unanswered(590, 905, 'lost'))).toHaveLength(1)
    expect(broken(...stopped, unanswered(880, 901, 'lost'))).toHaveLength(1)
    expect(broken(...stopped, unanswered(590, 3000, 'gave_up'))).toHaveLength(1)
  })

  test('turns nobody away but by a refused connection, and not before its door is shut', () => {
    expect(broken(...stopped, unanswered(720, 721, 'refused'), unanswered(950, 951, 'refused'))).toEqual([])
    expect(broken(...stopped, unanswered(650, 651, 'refused'))).toEqual([
      expect.stringContaining('refused too early'),
    ])
    expect(broken(unanswered(650, 651, 'refused'))).toEqual([expect.stringContaining('no answer (refused)')])
  })

  test('is excused for a connection that we cut or held up, at that instance', () => {
    const cut = { ...window, why: 'cut', from: 850, to: 850 } as const
    expect(broken(...stopped, unanswered(590, 851, 'lost'), cut)).toEqual([])
    expect(broken(...stopped, unanswered(590, 851, 'lost'), { ...cut, instance: 1 })).toHaveLength(1)
    expect(broken(...stopped, unanswered(590, 851, 'lost'), { ...cut, why: 'held', from: 580 })).toEqual([])
  })
})

describe('families of refresh tokens', () => {
  test('two successors of one token are one too many', () => {
    const again = accepted(350, refresh, [living(thing('refresh', 'r2'))])
    expect(broken(again)).toEqual([])
    expect(broken(accepted(350, refresh, [living(thing('refresh', 'r3'))]))).toEqual([
      'refresh:r1 has 2 successors',
    ])
  })

  test('two living members in the database are one too many', () => {
    expect(broken({ type: 'family', id: 'g', living: 1 })).toEqual([])
    expect(broken({ type: 'family', id: 'g', living: 2 })).toHaveLength(1)
  })
})

describe('notices', () => {
  test('an acknowledged end that nobody hears of, was answered badly, or comes too late breaks a promise', () => {
    expect(broken(signedOut)).toEqual(['web never heard of the end of sid-1'])
    expect(broken(signedOut, heard(2000, 500), heard(3000, null))).toHaveLength(1)
    expect(broken(signedOut, heard(60_001))).toEqual(['web heard too late of the end of sid-1'])
    expect(broken(signedOut, heard(2000, 500), heard(59_000), heard(59_500))).toEqual([])
  })

  test('a user who is disabled is the end of their sessions; a revocation by one client is not', () => {
    expect(broken(ending(1000, { scope: 'user', id: 'pat' }))).toHaveLength(1)
    expect(broken(ending(1000, { scope: 'grant', id: 's1/web' }))).toEqual([])
    expect(broken(ending(1000, { scope: 'session', id: 's1' }, false))).toEqual([])
  })
})

describe('the aftermath', () => {
  const after = (...entries: Entry[]) => check([...goodLife, ...entries], limits).map(({ what }) => what)

  test('never recovering, and not soon enough, breaks a promise', () => {
    const [stopped, , over] = goodEnd
    if (!stopped || !over) throw new Error('no end')
    expect(after(stopped, over)).toEqual(['it never recovered'])
    expect(after(stopped, { type: 'phase', phase: 'recovered', at: 56_000 })).toEqual([
      'it took 6000 ms to recover',
    ])
    expect(after()).toEqual(['the faults never stopped'])
  })

  test('a process that ends by itself, or badly when it was asked, breaks a promise', () => {
    const exit = { type: 'exit', instance: 0, at: 500 } as const
    expect(broken({ ...exit, asked: 'kill', code: null }, { ...exit, asked: 'stop', code: 0 })).toEqual([])
    expect(broken({ ...exit, asked: null, code: 0 })).toHaveLength(1)
    expect(broken({ ...exit, asked: 'stop', code: 1 })).toHaveLength(1)
  })
})
