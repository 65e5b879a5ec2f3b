import type { ComponentType, ReactElement } from 'react';
import { Link, useSearchParams } from 'react-router';
import { useMay } from '../../app/session';
import '../../parts/reading.css';
import { useWords } from '../../words/catalogue';
import { About } from './about';
import { Accounts } from './accounts';
import { Doctor } from './doctor';
import { Holidays } from './holidays';
import { Model } from './model';
import { Regions } from './regions';
import { Retention } from './retention';
import './system.css';
import { words } from './words';

type Name = 'about' | 'regions' | 'holidays' | 'accounts' | 'retention' | 'doctor' | 'model';
type Part = { name: Name; shown: ComponentType; may: string };
const PARTS: Part[] = [
  { name: 'about', shown: About, may: 'policy.read' },
  { name: 'regions', shown: Regions, may: 'policy.read' },
  { name: 'holidays', shown: Holidays, may: 'policy.read' },
  { name: 'accounts', shown: Accounts, may: 'account.read' },
  { name: 'retention', shown: Retention, may: 'policy.read' },
  { name: 'doctor', shown: Doctor, may: 'run.read' },
  { name: 'model', shown: Model, may: 'policy.read' },
];

/** What the system is and how it is: a part at a time, those that one's role sees. */
export default function System(): ReactElement {
  const t = useWords(words);
  const may = useMay();
  const [asked] = useSearchParams();
  const open = PARTS.filter((one) => may(one.may));
  const wanted = asked.get('part') ?? 'about';
  const part = open.find((one) => one.name === wanted);
  return (
    <>
      <h1>{t.title}</h1>
      <nav aria-label={t.parts} className="parts">
        {open.map((one) => (
          <Link key={one.name} to={`?part=${one.name}`} aria-current={one.name === wanted ? 'page' : undefined}>
            {t[one.name]}
          </Link>
        ))}
      </nav>
      {part === undefined ? <p>{t.mayNot}</p> : <Shown part={part} />}
    </>
  );
}

function Shown({ part }: { part: Part }): ReactElement {
  const t = useWords(words);
  return (
    <section aria-label={t[part.name]}>
      <h2>{t[part.name]}</h2>
      <part.shown />
    </section>
  );
}
