// Light and dark: the system decides until the person does.

const systemIsDark = matchMedia('(prefers-color-scheme: dark)');

const isDark = () => (document.documentElement.dataset.theme
  ? document.documentElement.dataset.theme === 'dark'
  : systemIsDark.matches);

/// The button names what pressing it gives. Choosing what the system wants anyway forgets the choice.
export function bindThemeButton(themeButton) {
  const show = () => {
    themeButton.textContent = isDark() ? 'Light' : 'Dark';
    themeButton.setAttribute('aria-label', `Switch to ${isDark() ? 'light' : 'dark'} colours`);
  };
  themeButton.addEventListener('click', () => {
    const wantsDark = !isDark();
    if (wantsDark === systemIsDark.matches) delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = wantsDark ? 'dark' : 'light';
    remember(document.documentElement.dataset.theme);
    show();
  });
  systemIsDark.addEventListener('change', show);
  show();
}

function remember(theme) {
  try {
    if (theme) localStorage.setItem('theme', theme);
    else localStorage.removeItem('theme');
  } catch {
    // Storage may be forbidden; the choice then lasts as long as the page.
  }
}
