// What people choose most, without the digits and signs they put around it. Written for this project from general knowledge.
const words = `
  aa abc abcd abcde abcdef abcdefg abcdefgh access account admin administrator adminadmin alexander amanda america andrea andrew
  angel angels anthony apple april arsenal ashley asdf asdfasdf asdfgh asdfghj asdfghjkl asdfjkl august austin babygirl bailey
  banana barcelona baseball basketball batman beautiful blink bonjour boomer brandon buster butterfly cardea carlos changeit
  changeme changemenow changemeplease charlie cheese chelsea chicken chocolate christian company computer cookie corvette
  cowboys creative daniel december default demo diamond dolphin donald dragon dragonball drowssap elephant eminem enter
  everton facebook familia family february fender ferrari flower football forever freedom friday friend friends fuckoff fuckyou
  gabriel george gfhjkm ginger giants golfer google guest guitar hallo hamster hannah happy harley hannover hello helloworld
  hockey hotmail hottie hunter iamgod iloveu iloveyou internet jackson january jasmine jennifer jessica jesus jessie jordan
  joshua july june junior justin killer kisses lakers letmein letmeinnow letmeinplease liverpool login london lovely loveme
  loveyou lovelove maggie manchester march martin master matrix matthew melissa mercedes mexico michael michelle microsoft
  monday monkey morgan mother motherfucker mustang mypassword naruto nathan newpassword newyork nicholas nicole nothing november
  number october office oliver operator orange p parola pass passe passpass passphrase passw passwd password passwordpassword
  passwort patrick peanut pepper peter phoenix pokemon porsche princess private pussy qazwsx qazwsxedc qqww qwaszx qwer qwert
  qwerty qwertyqwerty qwertyui qwertyuiop qwertz qwertzuiop q qw qwe qweasd qweasdzxc qweqwe rainbow ranger realmadrid rebecca
  richard robert rockyou root samantha samsung sandra saturday schatz secret security september service shadow silver simone
  slipknot snoopy soccer spiderman spring starwars steven summer sunday sunflower sunshine superman superstar support sweet
  sweety system tattoo temp temporary test tester testing testtest thomas thursday tigger tinkerbell trustme trustno tuesday
  tudelft turtle unknown user username vanessa victoria volleyball wednesday welcome welcometo whatever william winter wizard
  wsxedc xbox yamaha yankees yellow yourpassword zaq zaqwsx zaqxsw zxc zxcv zxcvb zxcvbn zxcvbnm zxcvbnmm
`
const common = new Set(words.split(/\s+/).filter(Boolean))

const substitutes: Record<string, string> = {
  '0': 'o',
  '1': 'i',
  '3': 'e',
  '4': 'a',
  '5': 's',
  '7': 't',
  '@': 'a',
  $: 's',
  '!': 'i',
}

const runs = [
  '0123456789012345',
  'abcdefghijklmnopqrstuvwxyz',
  'qwertyuiop',
  'qwertzuiop',
  'asdfghjkl',
  'zxcvbnm',
  'yxcvbnm',
  '1q2w3e4r5t6z7u8i',
  '1q2w3e4r5t6y7u8i9o0p',
  '1qaz2wsx3edc4rfv5tgb',
  'q1w2e3r4t5y6u7i8',
  'zaq12wsxcde34rfv',
]

/**
 * True for passwords that everyone tries first: a well-known word with digits or signs around it, one sequence of keys, one
 * piece repeated. Long phrases are never common, whatever words they contain.
 */
export function isCommonPassword(password: string): boolean {
  const text = password.normalize('NFKC').toLowerCase()
  return isOnePieceRepeated(text) || isRun(text) || wordsIn(text).some((word) => common.has(word))
}

// The bare word, read as written and with p4$$w0rd's signs turned back into letters.
function wordsIn(text: string): string[] {
  const withoutEdges = text.replace(/^[^\p{L}]+|[^\p{L}]+$/gu, '')
  const edges = /^[\d\s.,;:_#*?+-]+|[\d\s.,;:_#*?+!-]+$/g
  const deciphered = (part: string) => part.replaceAll(/[013457@$!]/g, (sign) => substitutes[sign] ?? sign)
  const candidates = [
    withoutEdges,
    deciphered(text),
    deciphered(text.replaceAll(edges, '')),
    deciphered(withoutEdges),
  ]
  return candidates.map((word) => word.replaceAll(/[\s._-]/g, '')).filter((word) => word !== '')
}

function isOnePieceRepeated(text: string): boolean {
  return /^(.{1,4})\1+.{0,3}$/su.test(text)
}

function isRun(text: string): boolean {
  const backwards = Array.from(text).reverse().join('')
  return runs.some((run) => [run + run, run].some((keys) => keys.includes(text) || keys.includes(backwards)))
}
