"""Country names, as lists write them, to the two-letter codes that FollowTheMoney uses.

The names are those of tz's iso3166.tab (public domain), with the United Nations' and OFAC's spellings beside them.
"""

from __future__ import annotations

import re
import unicodedata

_NAMES = """\
ad Andorra
ae United Arab Emirates
af Afghanistan
ag Antigua & Barbuda | Antigua and Barbuda
ai Anguilla
al Albania
am Armenia
ao Angola
aq Antarctica
ar Argentina
as Samoa (American) | American Samoa
at Austria
au Australia
aw Aruba
ax Åland Islands | Aland Islands
az Azerbaijan
ba Bosnia & Herzegovina | Bosnia and Herzegovina | Bosnia
bb Barbados
bd Bangladesh
be Belgium
bf Burkina Faso
bg Bulgaria
bh Bahrain
bi Burundi
bj Benin
bl St Barthelemy | Saint Barthelemy
bm Bermuda
bn Brunei | Brunei Darussalam
bo Bolivia | Bolivia (Plurinational State of) | Plurinational State of Bolivia
bq Caribbean NL | Bonaire, Sint Eustatius and Saba
br Brazil
bs Bahamas
bt Bhutan
bv Bouvet Island
bw Botswana
by Belarus | Byelorussia | Belorussia
bz Belize
ca Canada
cc Cocos (Keeling) Islands
cd Congo (Dem. Rep.) | Democratic Republic of the Congo | Congo, Democratic Republic of the | Congo (Kinshasa) | DR Congo | DRC | Zaire
cf Central African Rep. | Central African Republic
cg Congo (Rep.) | Republic of the Congo | Congo, Republic of the | Congo (Brazzaville) | Congo
ch Switzerland
ci Côte d'Ivoire | Ivory Coast | Cote d Ivoire
ck Cook Islands
cl Chile
cm Cameroon
cn China | People's Republic of China | PRC
co Colombia
cr Costa Rica
cu Cuba
cv Cape Verde | Cabo Verde
cw Curaçao | Curacao
cx Christmas Island
cy Cyprus
cz Czech Republic | Czechia
de Germany
dj Djibouti
dk Denmark
dm Dominica
do Dominican Republic
dz Algeria
ec Ecuador
ee Estonia
eg Egypt
eh Western Sahara | Sahrawi Arab Democratic Republic
er Eritrea
es Spain
et Ethiopia
fi Finland
fj Fiji
fk Falkland Islands | Falkland Islands (Malvinas)
fm Micronesia | Micronesia (Federated States of) | Federated States of Micronesia
fo Faroe Islands
fr France
ga Gabon
gb Britain (UK) | United Kingdom | United Kingdom of Great Britain and Northern Ireland | UK | Great Britain | England | Scotland | Wales | Northern Ireland
gd Grenada
ge Georgia
gf French Guiana
gg Guernsey
gh Ghana
gi Gibraltar
gl Greenland
gm Gambia | The Gambia | Gambia, The
gn Guinea
gp Guadeloupe
gq Equatorial Guinea
gr Greece
gs South Georgia & the South Sandwich Islands | South Georgia and the South Sandwich Islands
gt Guatemala
gu Guam
gw Guinea-Bissau
gy Guyana
hk Hong Kong | China, Hong Kong Special Administrative Region | Hong Kong SAR
hm Heard Island & McDonald Islands
hn Honduras
hr Croatia
ht Haiti
hu Hungary
id Indonesia
ie Ireland
il Israel
im Isle of Man
in India
io British Indian Ocean Territory
iq Iraq
ir Iran | Iran (Islamic Republic of) | Islamic Republic of Iran | Iran, Islamic Republic of
is Iceland
it Italy
je Jersey
jm Jamaica
jo Jordan
jp Japan
ke Kenya
kg Kyrgyzstan
kh Cambodia
ki Kiribati
km Comoros
kn St Kitts & Nevis | Saint Kitts and Nevis
kp Korea (North) | Democratic People's Republic of Korea | Korea, Democratic People's Republic of | North Korea | Korea, North | DPRK
kr Korea (South) | Republic of Korea | Korea, Republic of | South Korea | Korea, South | Korea
kw Kuwait
ky Cayman Islands
kz Kazakhstan | Republic of Kazakhstan
la Laos | Lao People's Democratic Republic | Lao PDR
lb Lebanon
lc St Lucia | Saint Lucia
li Liechtenstein
lk Sri Lanka
lr Liberia
ls Lesotho
lt Lithuania
lu Luxembourg
lv Latvia
ly Libya | Libyan Arab Jamahiriya | State of Libya
ma Morocco
mc Monaco
md Moldova | Republic of Moldova | Moldova, Republic of
me Montenegro
mf St Martin (French) | Saint Martin
mg Madagascar
mh Marshall Islands
mk North Macedonia | Macedonia | The former Yugoslav Republic of Macedonia | Republic of North Macedonia
ml Mali
mm Myanmar (Burma) | Myanmar | Burma
mn Mongolia
mo Macau | Macao | China, Macao Special Administrative Region
mp Northern Mariana Islands
mq Martinique
mr Mauritania
ms Montserrat
mt Malta
mu Mauritius
mv Maldives
mw Malawi
mx Mexico
my Malaysia
mz Mozambique
na Namibia
nc New Caledonia
ne Niger
nf Norfolk Island
ng Nigeria
ni Nicaragua
nl Netherlands | The Netherlands | Netherlands (Kingdom of the) | Kingdom of the Netherlands | Holland
no Norway
np Nepal
nr Nauru
nu Niue
nz New Zealand
om Oman
pa Panama
pe Peru
pf French Polynesia
pg Papua New Guinea
ph Philippines
pk Pakistan
pl Poland
pm St Pierre & Miquelon | Saint Pierre and Miquelon
pn Pitcairn
pr Puerto Rico
ps Palestine | State of Palestine | Palestinian | Palestinian Territories | Occupied Palestinian Territory | West Bank | Gaza | Gaza Strip
pt Portugal
pw Palau
py Paraguay
qa Qatar
re Réunion | Reunion
ro Romania
rs Serbia
ru Russia | Russian Federation
rw Rwanda
sa Saudi Arabia
sb Solomon Islands
sc Seychelles
sd Sudan
se Sweden
sg Singapore
sh St Helena | Saint Helena
si Slovenia
sj Svalbard & Jan Mayen | Svalbard and Jan Mayen
sk Slovakia
sl Sierra Leone
sm San Marino
sn Senegal
so Somalia
sr Suriname
ss South Sudan
st Sao Tome & Principe | Sao Tome and Principe
sv El Salvador
sx St Maarten (Dutch) | Sint Maarten
sy Syria | Syrian Arab Republic
sz Eswatini (Swaziland) | Eswatini | Swaziland
tc Turks & Caicos Is | Turks and Caicos Islands
td Chad
tf French S. Terr. | French Southern Territories
tg Togo
th Thailand
tj Tajikistan
tk Tokelau
tl East Timor | Timor-Leste
tm Turkmenistan
tn Tunisia
to Tonga
tr Turkey | Türkiye | Republic of Türkiye
tt Trinidad & Tobago | Trinidad and Tobago
tv Tuvalu
tw Taiwan | Taiwan, Province of China | Chinese Taipei
tz Tanzania | United Republic of Tanzania | Tanzania, United Republic of
ua Ukraine
ug Uganda
um US minor outlying islands
us United States | United States of America | USA | US | U.S. | U.S.A.
uy Uruguay
uz Uzbekistan
va Vatican City | Holy See
vc St Vincent | Saint Vincent and the Grenadines
ve Venezuela | Venezuela (Bolivarian Republic of) | Bolivarian Republic of Venezuela
vg Virgin Islands (UK) | British Virgin Islands | Virgin Islands, British
vi Virgin Islands (US) | United States Virgin Islands | Virgin Islands, U.S.
vn Vietnam | Viet Nam
vu Vanuatu
wf Wallis & Futuna | Wallis and Futuna
ws Samoa (western) | Samoa
xk Kosovo
ye Yemen
yt Mayotte
za South Africa
zm Zambia
zw Zimbabwe
"""

_NOT_LETTERS = re.compile(r"[^a-z]+")


def country_code(name: str) -> str:
    """The ISO 3166-1 code, lower case, of a country's name or code; "" where it is not known.

    "xk" stands for Kosovo, as in FollowTheMoney.

    >>> country_code("Iran (Islamic Republic of)"), country_code("LB"), country_code("Ruritania")
    ('ir', 'lb', '')
    """
    return _CODES.get(_form(name), "")


def _form(name: str) -> str:
    plain = (
        unicodedata.normalize("NFKD", name.replace("&", " and ")).encode("ascii", "ignore").decode().lower()
    )
    return _NOT_LETTERS.sub(" ", plain).strip()


def _table() -> dict[str, str]:
    codes: dict[str, str] = {}
    for line in _NAMES.splitlines():
        code, _, names = line.partition(" ")
        codes[code] = code
        codes |= {_form(name): code for name in names.split(" | ")}
    return codes


_CODES = _table()
