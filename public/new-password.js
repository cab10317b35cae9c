/*
 * Says how hard a new password is to guess while it is typed, and shows it on request. Nothing leaves the page, and the server judges every
 * password itself, with dictionaries that would be too heavy here: this estimate is on the careful side.
 * Works on every `.new-password`; its words stand in `data-words`, in the page's language.
 */

const ROWS = [
  'qwertyuiop',
  'qwertzuiop',
  'azertyuiop',
  'asdfghjkl',
  'qsdfghjklm',
  'zxcvbnm',
  'yxcvbnm',
  '1234567890',
]
const COLUMNS = ['1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p', 'qazwsxedcrfvtgbyhnujmikolp', '1q2w3e4r5t6y7u8i9o0p']
const SIGNS = { 0: 'o', 1: 'i', 3: 'e', 4: 'a', 5: 's', 7: 't', '@': 'a', $: 's', '!': 'i' }

/** What follows what in words of European languages: anything else tells of chance. */
const PAIRS =
  'th he in er an re on at en nd ti es or te of ed is it al ar st to nt ng se ha as ou io le ve co me de hi ri ro ic ne ea ra ce li ch ll be ma si om ur ca el ta la ns di fo ho pe ec pr no ct us ac ot il tr ly nc et ut ss so rs un lo wa ge ie wh ee wi em ad ol rt po we na ul ni ts mo ow pa im mi ai sh ir su id os iv ia am fi ci vi pl ig tu ev ld ry mp fe bl ab gh ty op wo sa ay ex ke ui fr oo ag va if do oa ck rd by ki ep od ga go lu bo da ru up tt rr ff nn mm pp bu br cr dr gr cl fl gl sc sk sl sm sn sp sw tw qu ja jo ju ka ko ku zi ze za eu au ei ue oe ae az iz oz xa xi ny ey oy vo fa fu pi pu hu hy gu gi cu cy ya ye yo my sy lt lf lk lm rk rm rn rl rb rg rc rv nk nu ny ob ub ib eb mb ap ip ak ek ik ok uk av ov ew aw tc ds gs ks ps ws ys ms ls fs bs dd gg bb zz cc'
const pairs = new Set(PAIRS.split(' '))

const isLetter = (sign) => /\p{L}|\p{M}/u.test(sign)
const isDigit = (sign) => /\p{N}/u.test(sign)
const kindOf = (sign) => (isLetter(sign) ? 'word' : isDigit(sign) ? 'number' : 'sign')

/** Bits of guessing, roughly: what a guesser who knows words, dates, keyboards and repetitions would need. */
export function bitsOf(password) {
  const text = Array.from(password.normalize('NFKC'))
  const plain = text.join('').toLowerCase()
  const period = periodOf(plain)
  if (period) return bitsOf(period) + Math.log2(plain.length / period.length)
  if (/^\d{1,4}[-./ ]\d{1,2}[-./ ]\d{1,4}$/.test(plain)) return 14
  const deciphered = Array.from(plain, (sign) => SIGNS[sign] ?? sign).join('')
  const isDisguised = deciphered !== plain && /^\P{L}*\p{L}{4,}\P{L}*$/u.test(deciphered)
  const asTyped = sum(runsOf(plain).map(bitsOfRun))
  const least = isDisguised ? Math.min(asTyped, sum(runsOf(deciphered).map(bitsOfRun)) + 2) : asTyped
  return least + bitsOfCapitals(text)
}

function bitsOfRun(run) {
  const kind = kindOf(run[0] ?? '')
  if (kind === 'number') return bitsOfNumber(run)
  if (kind === 'sign') return bitsOfSteps(run, 4)
  return bitsOfWord(run)
}

/** A word is one of some ten thousand, however long; letters by chance are worth more the more of them there are. */
function bitsOfWord(word) {
  if (!/^[a-z]+$/.test(word)) return Math.min(14 + word.length / 2, bitsOfSteps(word, 4))
  const unusual = Array.from(word.slice(1)).filter((letter, at) => !pairs.has(word[at] + letter)).length
  const byChance = bitsOfSteps(word, 4)
  return unusual > word.length / 4
    ? Math.min(byChance, 9 + unusual * 3.5)
    : Math.min(byChance, 11 + word.length / 4)
}

function bitsOfNumber(digits) {
  const steps = bitsOfSteps(digits, 3.3)
  if (/^(19|20)\d\d$/.test(digits)) return Math.min(steps, 6)
  return /^\d{6}$|^\d{8}$/.test(digits) ? Math.min(steps, 14) : steps
}

/** Each sign by itself, less where it goes on as the two before it began: abcd, 9876, qwer, 1qaz. */
function bitsOfSteps(run, each) {
  let bits = 0
  const signs = Array.from(run)
  for (const [at, sign] of signs.entries()) bits += at > 0 && isNeighbour(signs[at - 1], sign) ? 0.7 : each
  return bits
}

function isNeighbour(one, other) {
  const step = (other.codePointAt(0) ?? 0) - (one.codePointAt(0) ?? 0)
  if (Math.abs(step) <= 1) return true
  return [...ROWS, ...COLUMNS].some((keys) => keys.includes(one + other) || keys.includes(other + one))
}

function bitsOfCapitals(signs) {
  const capitals = signs.map((sign) => sign !== sign.toLowerCase())
  const count = capitals.filter(Boolean).length
  if (count === 0) return 0
  if (count === 1 || capitals.indexOf(false) === -1) return 1
  return Math.min(count, 6)
}

function runsOf(text) {
  return text.match(/[\p{L}\p{M}]+|\p{N}+|[^\p{L}\p{M}\p{N}]+/gu) ?? []
}

/** The piece that the text repeats at least twice over, or undefined. */
function periodOf(text) {
  return /^(.+?)\1+$/su.exec(text.slice(0, 256))?.[1]
}

function sum(numbers) {
  return numbers.reduce((total, number) => total + number, 0)
}

/** Which of the page's sentences fits: `more` (with how many), `personal`, `easy`, `fair` or `good`. */
export function judge(typed, { least, score, personal }) {
  // No longer one is taken anyway.
  const password = typed.slice(0, 1024)
  const length = Array.from(password.normalize('NFKC')).length
  if (length < least) return { level: 'more', missing: least - length }
  if (leftOf(password, personal) < 8) return { level: 'personal' }
  // The server asks for 10^3, 10^6, 10^8, 10^10 guesses; a few bits are put on top, because it knows more words.
  const enough = [0, 14, 24, 31, 38][score] ?? 24
  const bits = bitsOf(password.slice(0, 256))
  return { level: bits < enough ? 'easy' : bits < enough + 12 ? 'fair' : 'good' }
}

function leftOf(password, personal) {
  const words = personal
    .flatMap((word) => [word, ...word.split(/[^\p{L}\p{N}]+/u)])
    .map((word) => word.toLowerCase())
    .filter((word) => word.length >= 3)
    .sort((a, b) => b.length - a.length)
  return Array.from(words.reduce((rest, word) => rest.replaceAll(word, ''), password.toLowerCase())).length
}

const VALUES = { more: 0, personal: 1, easy: 1, fair: 2, good: 3 }

function enhance(field) {
  const input = field.querySelector('input')
  const words = JSON.parse(field.dataset.words)
  const least = Number(field.dataset.least)
  const score = Number(field.dataset.score)

  const meter = Object.assign(document.createElement('meter'), { min: 0, max: 3, value: 0 })
  meter.setAttribute('aria-label', words.label)
  const sentence = Object.assign(document.createElement('p'), { className: 'fine' })
  sentence.setAttribute('aria-hidden', 'true')
  const strength = Object.assign(document.createElement('div'), { className: 'strength', hidden: true })
  strength.append(meter, sentence)
  const spoken = Object.assign(document.createElement('p'), { className: 'unseen' })
  spoken.setAttribute('role', 'status')

  const button = Object.assign(document.createElement('button'), {
    type: 'button',
    className: 'reveal',
    textContent: words.show,
  })
  button.setAttribute('aria-controls', input.id)
  const show = (shown) => {
    input.type = shown ? 'text' : 'password'
    button.textContent = shown ? words.hide : words.show
  }
  button.addEventListener('click', () => {
    show(input.type === 'password')
    spoken.textContent = input.type === 'text' ? words.shown : words.hidden
  })
  // Sent as a password: browsers remember what was typed into fields of text.
  input.form?.addEventListener('submit', () => show(false))
  input.spellcheck = false
  input.autocapitalize = 'none'
  input.after(button, strength, spoken)

  let pause
  const tell = () => {
    strength.hidden = input.value === ''
    const { level, missing } = judge(input.value, { least, score, personal: personalWords(field, input) })
    meter.value = VALUES[level]
    sentence.textContent = level === 'more' ? words.more[missing - 1] : words[level]
    window.clearTimeout(pause)
    // Said when the typing pauses, and only if there is something new to say.
    pause = window.setTimeout(() => {
      const news = strength.hidden ? '' : sentence.textContent
      if (spoken.textContent !== news) spoken.textContent = news
    }, 900)
  }
  input.addEventListener('input', tell)
  if (input.value !== '') tell()
}

function personalWords(field, input) {
  const others =
    input.form?.querySelectorAll('input[type=email], input[name=name], input[autocomplete=username]') ?? []
  return [...Array.from(others, ({ value }) => value), ...JSON.parse(field.dataset.names ?? '[]')]
}

if (typeof document !== 'undefined')
  for (const field of document.querySelectorAll('.new-password')) enhance(field)
