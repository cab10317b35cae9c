import type { Group, Verb } from '../verb.ts'

/** The verbs of a theme, at one place of the API. */
function verbsOf(command: string, path: '/theme' | '/clients/:client_id/theme'): readonly Verb[] {
  const whose = path === '/theme' ? '' : ' <client_id>'
  const sample = path === '/theme' ? '' : ' shop'
  return [
    {
      usage: `show${whose}`,
      summary: 'show what is set',
      example: `cardea ${command} show${sample}`,
      call: `GET ${path}`,
    },
    {
      usage: `set${whose}`,
      summary: 'set everything but the logo; colours too close together are refused',
      example: `cardea ${command} set${sample} --data '{"colours":{"light":{"accent":"#1d4ed8"}},"radius":4}'`,
      call: `PUT ${path}`,
      data: true,
      done: 'Set. Pages show it within seconds.',
    },
    {
      usage: `clear${whose}`,
      summary: 'take it away, with the logo',
      example: `cardea ${command} clear${sample}`,
      call: `DELETE ${path}`,
      confirm: 'Take these looks away?',
      done: 'Cleared.',
    },
    {
      usage: `set-logo${whose}`,
      summary: 'set the logo: PNG, JPEG, WebP or GIF, at most 40 KiB',
      example: `cardea ${command} set-logo${sample} --file logo.png`,
      call: `PUT ${path}/logo`,
      fields: [
        { flags: '--file <path>', about: 'the picture', name: 'data', kind: 'base64', required: true },
      ],
      done: 'Set. Pages show it within seconds.',
    },
    {
      usage: `clear-logo${whose}`,
      summary: 'take the logo away',
      example: `cardea ${command} clear-logo${sample}`,
      call: `DELETE ${path}/logo`,
      confirm: 'Take this logo away?',
      done: 'Cleared.',
    },
  ]
}

export const theme: Group = {
  name: 'theme',
  summary: 'the looks of every page: name, colours, corners, font, links, logo',
  verbs: verbsOf('theme', '/theme'),
}

export const clientTheme: Group = {
  name: 'client-theme',
  summary: "the looks of a client's pages, on top of everybody's",
  verbs: verbsOf('client-theme', '/clients/:client_id/theme'),
}
