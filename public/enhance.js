// Progressive enhancement: every page works without this file. It only un-hides what it can make work.
for (const button of document.querySelectorAll('[data-reveals]')) {
  const input = document.getElementById(button.dataset.reveals);
  button.hidden = false;
  button.addEventListener('click', () => {
    const shown = input.type === 'password';
    input.type = shown ? 'text' : 'password';
    button.setAttribute('aria-pressed', String(shown));
    input.focus();
  });
  // A password must never leave as type=text: browsers would offer it as form history.
  input.form?.addEventListener('submit', () => {
    input.type = 'password';
  });
}

for (const button of document.querySelectorAll('[data-copies]')) {
  if (!navigator.clipboard) continue;
  const label = button.querySelector('[data-label]');
  const before = label.textContent;
  button.hidden = false;
  button.addEventListener('click', async () => {
    const source = document.getElementById(button.dataset.copies);
    const lines = source.matches('ol') ? [...source.children] : [source];
    const text = lines.map((line) => line.textContent.trim()).join('\n');
    await navigator.clipboard.writeText('withoutSpaces' in button.dataset ? text.replaceAll(' ', '') : text);
    label.textContent = 'Copied';
    setTimeout(() => {
      label.textContent = before;
    }, 2000);
  });
}

for (const button of document.querySelectorAll('[data-prints]')) {
  button.hidden = false;
  button.addEventListener('click', () => window.print());
}

// One press is one request. The server is idempotent anyway; this only says that it is working.
for (const form of document.querySelectorAll('form[data-once]')) {
  form.addEventListener('submit', (event) => {
    if (form.ariaBusy === 'true') return event.preventDefault();
    form.ariaBusy = 'true';
    event.submitter?.setAttribute('aria-busy', 'true');
  });
}
addEventListener('pageshow', () => {
  for (const busy of document.querySelectorAll('form[data-once][aria-busy], form[data-once] [aria-busy]'))
    busy.removeAttribute('aria-busy');
});

// The protocol wants these to send themselves: a response by form_post, and a session that changes hands.
document.querySelector('form[data-goes-on]')?.requestSubmit();
