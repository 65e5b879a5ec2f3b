import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import './app/app.css';
import { App, begun } from './app/App';
import { pressed } from './app/keys';
import { language, speak } from './words/catalogue';

speak(language.get());
window.addEventListener('keydown', pressed);

const root = document.getElementById('root');
if (root !== null) {
  const page = createRoot(root);
  void begun().then(() =>
    page.render(
      <StrictMode>
        <App />
      </StrictMode>,
    ),
  );
}
