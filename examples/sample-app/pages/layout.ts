import { html, type Html } from './html.ts'

/** The frame of every page: `bar` is what stands at the right of the header. Returns the whole document. */
export function page({ title, bar, main }: { title: string; bar?: Html; main: Html }): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title} – Sample app</title>
        <link rel="icon" href="/icon.svg" type="image/svg+xml" />
        <link rel="stylesheet" href="/sample.css" />
      </head>
      <body>
        <header class="bar">
          <a class="brand" href="/"><img src="/icon.svg" alt="" width="28" height="28" />Sample app</a>
          ${bar}
        </header>
        <main>${main}</main>
      </body>
    </html>`.text
}
