/** How a card looks, on screen in light and dark, and on paper. */
export const cardStyle = `:root { color-scheme: light dark; --paper: #fbfaf7; --card: #ffffff; --ink: #1d2430; --soft: #5b6472; --line: #e4e1d8; --accent: #7a3b12; --warn: #fdf3dc; --warn-ink: #6b4a00; }
@media (prefers-color-scheme: dark) { :root { --paper: #14171c; --card: #1c2128; --ink: #e8e6e1; --soft: #9aa4b2; --line: #303742; --accent: #e9a877; --warn: #3a2f14; --warn-ink: #f3d693; } }
* { box-sizing: border-box; }
body { margin: 0; padding: 2.5rem 1rem; background: var(--paper); color: var(--ink); font: 1rem/1.55 ui-sans-serif, system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
article { max-width: 44rem; margin: 0 auto; padding: 2.25rem clamp(1.25rem, 5vw, 2.75rem) 1.75rem; background: var(--card); border: 1px solid var(--line); border-top: 4px solid var(--accent); border-radius: 0.6rem; box-shadow: 0 1px 2px rgb(0 0 0 / 0.05), 0 12px 32px -18px rgb(0 0 0 / 0.25); }
header { display: grid; grid-template-columns: 1fr auto; align-items: baseline; gap: 0 1rem; }
.kind { grid-column: 1 / -1; margin: 0; color: var(--accent); font-size: 0.78rem; font-weight: 600; letter-spacing: 0.12em; text-transform: uppercase; }
h1 { margin: 0.1rem 0 0; font: 600 clamp(2rem, 6vw, 2.9rem)/1.12 ui-serif, Georgia, "Noto Serif", serif; letter-spacing: -0.01em; overflow-wrap: anywhere; }
.id { margin: 0; color: var(--soft); font: 0.9rem ui-monospace, monospace; }
h2 { margin: 2rem 0 0.35rem; color: var(--soft); font-size: 0.78rem; font-weight: 600; letter-spacing: 0.1em; text-transform: uppercase; }
dl { margin: 0; border-top: 1px solid var(--line); }
.row { display: grid; grid-template-columns: minmax(8rem, 13rem) 1fr; gap: 0.2rem 1.5rem; padding: 0.6rem 0; border-bottom: 1px solid var(--line); }
dt { color: var(--soft); }
dt bdi { display: inline-block; }
dt bdi::first-letter { text-transform: uppercase; }
dd { margin: 0; min-width: 0; overflow-wrap: anywhere; }
dd ul { display: flex; flex-wrap: wrap; gap: 0.15rem 1.4rem; margin: 0; padding: 0; list-style: none; }
dd li > bdi { font-weight: 500; }
dd i { color: var(--warn-ink); }
.note { margin: 0 0 0.3rem; padding: 0.15rem 0.6rem; width: fit-content; border-radius: 0.35rem; background: var(--warn); color: var(--warn-ink); font-size: 0.85rem; font-weight: 600; }
.note + ul { flex-direction: column; }
.lang, .mark, .more { color: var(--soft); font-size: 0.8rem; }
.mark { padding: 0.05rem 0.45rem; border: 1px solid var(--line); border-radius: 1rem; white-space: nowrap; }
.qualifier { color: var(--soft); font-size: 0.9rem; }
sup { margin-left: 0.2rem; line-height: 0; font-size: 0.7rem; }
a { padding: 0.3rem 0.15rem; color: var(--accent); text-decoration: none; }
a:hover, a:focus-visible { text-decoration: underline; }
li:target { background: var(--warn); }
footer { margin-top: 2rem; color: var(--soft); font-size: 0.85rem; }
footer ol { margin: 0; padding: 0.5rem 0 0 1.4rem; border-top: 1px solid var(--line); }
footer bdi { color: var(--ink); }
code { font: 0.8rem ui-monospace, monospace; overflow-wrap: anywhere; }
.pins span { display: inline-block; min-width: 5.5rem; }
@media (max-width: 34rem) { body { padding: 0; } article { border-width: 4px 0 0; border-radius: 0; } .row { grid-template-columns: 1fr; } }
@media print { body { padding: 0; background: none; } article { border: 0; box-shadow: none; } }
`;
