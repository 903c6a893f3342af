"""Names that people have, in the script they are born with, by culture; most common first.

Written for this project from general knowledge of what is common where; no list of real persons stands behind it. Cyrillic and Georgian
names are spelt abroad by the habits in `spelling`; Arabic and French ones have theirs written out, because no rule gives them.
Line formats: Cyrillic and Georgian `name` or `name:pet,pet`; Arabic `native|French press|English press|Russian`; French `name|Russian`.
"""

from __future__ import annotations

from typing import Final

RUSSIAN_MEN: Final = """
Александр:Саша,Шура Сергей:Серёга Владимир:Вова,Володя Андрей:Андрюха Алексей:Лёша,Алёша Дмитрий:Дима,Митя Николай:Коля Иван:Ваня
Евгений:Женя Михаил:Миша Юрий:Юра Виктор:Витя Максим:Макс Игорь:Игорёк Олег:Олежка Анатолий:Толя Павел:Паша Роман:Рома Антон:Тоша
Василий:Вася Денис:Дэн Вячеслав:Слава Артём:Тёма Илья:Илюха Константин:Костя Пётр:Петя Валерий:Валера Кирилл:Кирюха Геннадий:Гена
Борис:Боря Григорий:Гриша Виталий:Виталик Станислав:Стас Леонид:Лёня Тимофей:Тима Фёдор:Федя Ярослав:Ярик Степан:Стёпа Руслан:Русик
Егор Вадим Глеб Марк Семён:Сеня Лев:Лёва Эдуард:Эдик Никита Захар Арсений Савелий Тихон Прохор Ефим Аркадий Всеволод Родион
"""
RUSSIAN_WOMEN: Final = """
Елена:Лена Татьяна:Таня Ольга:Оля Наталья:Наташа Анна:Аня Ирина:Ира Светлана:Света Мария:Маша Екатерина:Катя Людмила:Люда Галина:Галя
Юлия:Юля Анастасия:Настя Марина Надежда:Надя Вера Ксения:Ксюша Оксана Виктория:Вика Дарья:Даша Жанна Лариса Полина Алла Яна
"""
RUSSIAN_SURNAMES: Final = """
Иванов Смирнов Кузнецов Попов Васильев Петров Соколов Михайлов Новиков Фёдоров Морозов Волков Алексеев Лебедев Семёнов Егоров Павлов
Козлов Степанов Николаев Орлов Андреев Макаров Никитин Захаров Зайцев Соловьёв Борисов Яковлев Григорьев Романов Воробьёв Сергеев
Кузьмин Фролов Александров Дмитриев Королёв Гусев Киселёв Ильин Максимов Поляков Сорокин Виноградов Ковалёв Белов Медведев Антонов
Тарасов Жуков Баранов Филиппов Комаров Давыдов Беляев Герасимов Богданов Осипов Сидоров Матвеев Титов Марков Миронов Крылов Куликов
Карпов Власов Мельников Денисов Гаврилов Тихонов Казаков Афанасьев Данилов Савельев Тимофеев Фомин Чернов Абрамов Мартынов Ефимов
Щербаков Назаров Калинин Исаев Чернышёв Быков Маслов Родионов Коновалов Лазарев Воронин Климов Филатов Пономарёв Голубев Кудрявцев
Прохоров Наумов Потапов Журавлёв Овчинников Трофимов Леонов Соболев Ермаков Колесников Гончаров Емельянов Никифоров Грачёв Котов Гришин
Ефремов Архипов Громов Кириллов Малышев Панов Моисеев Румянцев Акимов Кондратьев Бирюков Горбунов Анисимов Ерёмин Тихомиров Галкин
Лукьянов Михеев Скворцов Юдин Белоусов Нестеров Симонов Прокофьев Харитонов Князев Цветков Левин Митрофанов Воронов Аксёнов Софронов
Мальцев Логинов Горшков Савин Краснов Майоров Демидов Елисеев Рыбаков Сафонов Плотников Хохлов Фадеев Молчанов Игнатов Литвинов Ершов
Ушаков Дементьев Рябов Мухин Калашников Леонтьев Лобанов Кузин Корнеев Евдокимов Бородин Платонов Некрасов Балашов Бобров Жданов Блинов
Игнатьев Коротков Муравьёв Крюков Беляков Богомолов Дроздов Лавров Зуев Петухов Ларин Никулин Серов Терентьев Зотов Устинов Фокин Самойлов
Щукин Шубин Цыганков Чижов Шульгин Хомяков Ельцов Юшков Ященко Достоевский Преображенский Вознесенский Троицкий Успенский Рождественский
"""
RUSSIAN_STEMS: Final = """
Бел Черн Красн Сер Бур Рыж Кос Крив Горб Хром Лыс Волох Кудр Бород Голов Лоб Нос Губ Зуб Глаз Рук Ног Жил Кост Волк Медвед Зайц Лис Барс
Куниц Хорьк Бобр Еж Крот Мыш Сус Кот Собак Коз Баран Бык Кон Жереб Тел Гус Ут Кур Петух Воробь Соловь Синиц Снегир Дрозд Грач Ворон Сорок
Галк Сокол Орл Коршун Ястреб Сов Щук Окун Карас Ерш Лещ Сом Налим Дуб Берёз Клён Ясен Осин Елк Сосн Кедр Вишн Яблон Груш Репь Капуст Реп
Морк Редьк Горох Боб Овс Пшен Рж Мельник Кузнец Плотник Гончар Бочкар Колес Скорняк Сапожник Портн Ткач Рыбак Охот Пастух Звонар Пономар
"""
CAUCASUS_MEN: Final = """
Магомед:Мага Ахмед Али Руслан Рамзан Шамиль Асланбек:Аслан Муслим Адам Ислам Умар Хасан Хусейн Сулейман Ибрагим Иса Муса Юсуп Заур Арби
Апти Бислан Ваха Зелимхан Мовсар Саид Салман Тимур Турпал Хамзат Хож-Ахмед Лечи Докка Джабраил Абдулла Абубакар Висхан Анзор Алихан Ризван
Мурад Гаджимурад Расул Курбан Исмаил Идрис Якуб Эмин Сайпулла Билал Гасан Нурмагомед Арсен Рустам Аюб Беслан Магомедрасул Джамал Ильяс
"""
CAUCASUS_PREFIXES: Final = """
Абдул Абду Гаджи Магомед Нур Шах Шейх Саид Мирза Кади Кара Эль Султан Джан Бай Эмир Бек Хан Али Ахмед Курбан Рамазан Ших Дин Темир Алла Бат Тавус
"""
CAUCASUS_WOMEN: Final = """
Зарема Мадина Патимат Аминат Хава Малика Луиза Марьям Зулихан Седа Хеда Элина Асет Таиса Лейла Фатима Аида Залина Джамиля Раиса
"""
CAUCASUS_SURNAMES: Final = """
Магомедов Алиев Ахмедов Исаев Гаджиев Ибрагимов Мусаев Абдуллаев Османов Сулейманов Омаров Рамазанов Исмаилов Курбанов Гасанов Умаров
Дадаев Хасанов Дудаков Эльмурзаев Межидов Хаджиев Бисултанов Цокаев Ахъядов Тазуев Осмаев Сайдуллаев Мамаев Яхъяев Вахаев Юсупов Хамидов
Джамалов Даудов Эдилов Делимханов Гелаев Хатуев Сатуев Закаев Ясаев Чагаев Шахидов Шамсудинов Мутаев Батукаев Барзукаев Зубайраев
Тепсуркаев Цечоев Оздоев Евлоев Аушев Плиев Мальсагов Хашагульгов Костоев Точиев Мержоев Нальгиев Кодзоев Боков Албаков Газдиев Куштов
Кадиев Нурмагомедов Раджабов Шахбанов Абдулмуслимов Чупанов Залимханов Эфендиев Сефербеков Мирзоев Агаларов Казимагомедов
"""
TAJIK_MEN: Final = """
Фаррух Джамшед Рустам Умед Бахтиёр Далер Фируз Шариф Сухроб Зафар Абдулло Мухаммад Саидмурод Хуршед Нозим Алишер Парвиз Манучехр Шодмон
Исмоил Курбонали Насим Комил Азиз Бобур Дилшод Отабек Шерзод Улугбек Жахонгир Сардор Акмаль Ойбек Равшан Рахмат Тохир Ёкуб Идибек Гулмурод
"""
TAJIK_PREFIXES: Final = """
Абду Мирзо Шо Саид Нур Бек Гул Давлат Худой Ходжи Рахмат Мухаммад Турсун Холик Султон Хол Бобо Эш Юлдаш Кодир Ота Дил Шер Хаким Ишан Мулло Тура
"""
TAJIK_WOMEN: Final = (
    "Зухро Мехринисо Нигора Дилбар Шахло Мадина Ситора Гулнора Фарангис Мавлуда Нилуфар Зебо Саодат Малохат"
)
TAJIK_SURNAMES: Final = """
Рахимов Шарипов Назаров Каримов Саидов Рахмонов Хакимов Юсупов Курбонов Давлатов Махмудов Ходжаев Мирзоев Холов Гафуров Сафаров Азизов
Бобоев Усмонов Носиров Одинаев Шоев Зоиров Турсунов Эргашев Тошматов Юлдашев Норматов Абдурахмонзода Каримзода Назарзода Шарифзода
Саидзода Одиназода Ятимов Гулов Мадаминов Хошимов Кодиров Ганиев Хамроев Бердыев Чориев Джураев Худойбердыев Миралиев Зиёев
"""
GEORGIAN_MEN: Final = """
გიორგი:გია,გოგა დავით:დათო ლევან ზურაბ:ზურა ალექსანდრე:სანდრო ნიკოლოზ:ნიკა ირაკლი ვახტანგ:ვახო მიხეილ:მიშა ლაშა თამაზ კახაბერ:კახა ბადრი
მერაბ ნოდარ ოთარ რამაზ ზაზა ემზარ შოთა ლუკა საბა თორნიკე ბექა გელა ვაჟა მამუკა ჯემალ რევაზ გურამ თენგიზ ომარ იმედა ხვიჩა ჯაბა
"""
GEORGIAN_WOMEN: Final = "ნინო თამარ მარიამ ანა ეკატერინე ნათია მაია ქეთევან ლელა სალომე თეა ხატია ნანა ირინე"
GEORGIAN_SURNAMES: Final = """
ბერიძე კაპანაძე გელაშვილი მაისურაძე გიორგაძე ლომიძე წიკლაური ბოლქვაძე ხუციშვილი შენგელია ჩიქოვანი მარგოშვილი აჩიშვილი ბაღათური ნოზაძე
აბაშიძე ქავთარაძე მამულაშვილი ჯაფარიძე ბურდული ყიფიანი გოგიჩაიშვილი დოლიძე ხარაიშვილი კვარაცხელია ჭანტურია ხაჩიძე წერეთელი ჟვანია
ღლონტი სულაბერიძე ტაბატაძე ფირცხალავა ცქიტიშვილი ძაგანია შავიძე ჯანელიძე გაბუნია დავითაშვილი ზარიძე თოფურია ივანიშვილი კობახიძე
"""
ARABIC_MEN: Final = """
محمد|Mohamed,Mohammed|Muhammad,Mohammad,Mohammed|Мохаммед,Мухаммад
أحمد|Ahmed|Ahmad,Ahmed|Ахмад,Ахмед
علي|Ali|Ali|Али
عبد الله|Abdallah,Abdellah|Abdullah,Abdallah|Абдулла,Абдалла
حسن|Hassan,Hacène|Hassan,Hasan|Хасан,Гасан
حسين|Hocine,Houssine|Hussein,Husayn|Хусейн,Хуссейн
يوسف|Youssef,Youcef|Yusuf,Yousef|Юсуф,Юсеф
عمر|Omar,Amor|Omar,Umar|Омар,Умар
إبراهيم|Ibrahim,Brahim|Ibrahim,Ebrahim|Ибрагим,Ибрахим
خالد|Khaled,Khalid|Khalid,Khaled|Халед,Халид
مصطفى|Mustapha,Mostefa|Mustafa|Мустафа
كريم|Karim|Karim,Kareem|Карим
سعيد|Saïd,Said|Saeed,Said|Саид
رشيد|Rachid|Rashid,Rasheed|Рашид
عبد الرحمن|Abderrahmane,Abdelrahman|Abd al-Rahman,Abdulrahman|Абдуррахман,Абд ар-Рахман
طارق|Tarek,Tarik|Tariq|Тарик,Тарек
سليمان|Slimane,Souleymane|Sulayman,Suleiman|Сулейман
إسماعيل|Smaïl,Ismaël|Ismail|Исмаил
بلال|Bilel,Bilal|Bilal|Биляль,Билал
أنس|Anès,Anas|Anas|Анас
زكريا|Zakaria|Zakariya|Закария
هشام|Hichem,Hicham|Hisham|Хишам
نور الدين|Noureddine,Nordine|Nur al-Din,Noor Eddin|Нуреддин,Нур ад-Дин
جمال|Djamel,Jamal|Jamal|Джамаль,Джамал
فيصل|Fayçal,Faycel|Faisal,Faysal|Фейсал,Файсал
منير|Mounir|Munir,Mouneer|Мунир
شكري|Chokri,Choukri|Shukri|Шукри
عادل|Adel|Adil,Adel|Адель,Адиль
وليد|Walid,Oualid|Walid,Waleed|Валид
أيمن|Aymen,Aïmen|Ayman|Айман
صالح|Salah,Saleh|Salih,Saleh|Салех,Салих
عبد القادر|Abdelkader|Abd al-Qadir,Abdulkader|Абделькадер,Абдулкадир
لطفي|Lotfi|Lutfi|Лутфи,Лотфи
معاذ|Moaz,Mouadh|Muadh,Moaz|Муаз
ياسين|Yassine|Yasin,Yaseen|Ясин
"""
ARABIC_WOMEN: Final = """
فاطمة|Fatima,Fatma|Fatima,Fatimah|Фатима
عائشة|Aïcha|Aisha,Ayesha|Аиша,Айша
مريم|Mériem,Maryam|Maryam,Mariam|Марьям,Мариам
خديجة|Khadija,Khedidja|Khadija,Khadijah|Хадиджа
نورة|Nora,Noura|Noura,Nura|Нура
سلمى|Selma,Salma|Salma|Сальма
هدى|Houda|Huda|Худа
زينب|Zineb,Zaineb|Zaynab,Zainab|Зейнаб,Зайнаб
سعاد|Souad|Suad|Суад
أمينة|Amina|Amina,Ameena|Амина
"""
ARABIC_SURNAMES: Final = """
العلي|Al Ali,El Ali|al-Ali|аль-Али
حداد|Haddad|Haddad|Хаддад
بن علي|Ben Ali,Benali|Bin Ali,Ben Ali|Бен Али
التونسي|Ettounsi,Tounsi|al-Tunisi|ат-Туниси,аль-Туниси
البغدادي|El Baghdadi|al-Baghdadi|аль-Багдади
منصوري|Mansouri|Mansouri,Mansuri|Мансури
بوزيد|Bouzid|Bouzid,Buzayd|Бузид
خليفة|Khelifa,Khalifa|Khalifa,Khalifah|Халифа
شريف|Chérif|Sharif,Shareef|Шариф
الجزائري|El Djazaïri|al-Jazairi|аль-Джазаири
طرابلسي|Trabelsi|Trabelsi,Tarabulsi|Трабелси
غربي|Gharbi,Rharbi|Gharbi|Гарби
بوعزيز|Bouaziz|Bouaziz,Bu Aziz|Буазиз
الحمصي|El Homsi|al-Homsi,al-Himsi|аль-Хомси
الدوري|Ad Douri|al-Duri,al-Douri|ад-Дури
شعباني|Chaabani|Shaabani|Шаабани
الأحمد|El Ahmad|al-Ahmad,al-Ahmed|аль-Ахмад
زيتوني|Zitouni|Zaytuni,Zitouni|Зитуни
مرزوقي|Marzouki|Marzuqi,Marzouki|Марзуки
بلحاج|Belhadj|Belhaj,Bilhaj|Бельхадж
قاسمي|Kacemi,Kassmi|Qasimi,Qasmi|Касеми
عياري|Ayari|Ayari|Аяри
السوري|Es Souri|al-Suri,al-Souri|ас-Сури
جبالي|Jebali,Djebali|Jabali,Jebali|Джебали
درويش|Darwiche,Derouiche|Darwish|Дервиш,Дарвиш
الراوي|Er Raoui|al-Rawi|ар-Рави
يعقوبي|Yaacoubi|Yaqubi,Yacoubi|Якуби
سلامي|Slami|Salami,Slami|Салами
بوشناق|Bouchnak|Bushnaq,Bouchnak|Бушнак
المصري|El Masri|al-Masri|аль-Масри
حمدي|Hamdi|Hamdi|Хамди
ورفلي|Ouerfelli|Warfalli,Werfelli|Варфалли
صحراوي|Sahraoui|Sahrawi|Сахрави
خوجة|Khodja|Khoja|Ходжа
الزهراني|Ez Zahrani|al-Zahrani|аз-Захрани
بن صالح|Ben Salah|Bin Saleh,Ben Salah|Бен Салах
عثماني|Othmani|Uthmani,Osmani|Усмани
الشامي|Ech Chami|al-Shami|аш-Шами
"""
FRENCH_MEN: Final = """
Jean|Жан
Pierre|Пьер
Michel|Мишель
Nicolas|Николя
Thomas|Тома
Julien|Жюльен
David|Давид
Alexandre|Александр
Kevin|Кевин
Maxime|Максим
Antoine|Антуан
Guillaume|Гийом
Mickaël|Микаэль
François|Франсуа
Jérôme|Жером
Sébastien|Себастьян
Christophe|Кристоф
Jean-Pierre|Жан-Пьер
Jean-Michel|Жан-Мишель
Étienne|Этьен
Hugo|Юго
Laurent|Лоран
Rémi|Реми
Cédric|Седрик
Yann|Ян
Loïc|Лоик
Thierry|Тьерри
Benoît|Бенуа
Gaël|Гаэль
Fabien|Фабьен
Jordan|Жордан
Steven|Стивен
"""
FRENCH_WOMEN: Final = """
Marie|Мари
Sophie|Софи
Camille|Камий
Émilie|Эмили
Julie|Жюли
Hélène|Элен
Céline|Селин
Aurélie|Орели
Chloé|Хлоя
Anne-Laure|Анн-Лор
"""
FRENCH_SURNAMES: Final = """
Martin|Мартен
Bernard|Бернар
Dubois|Дюбуа
Durand|Дюран
Moreau|Моро
Lefèvre|Лефевр
Girard|Жирар
Rousseau|Руссо
Fontaine|Фонтен
Chevalier|Шевалье
Gauthier|Готье
Lemaire|Лемер
Mercier|Мерсье
Faure|Фор
Blanchard|Бланшар
Guérin|Герен
Boyer|Буайе
Perrin|Перрен
Clément|Клеман
Joly|Жоли
Marchand|Маршан
Carpentier|Карпантье
Lecomte|Леконт
Le Gall|Ле Галль
Delacroix|Делакруа
Vasseur|Вассёр
Bouchet|Буше
Charpentier|Шарпантье
Le Goff|Ле Гофф
Renaud|Рено
Prévost|Прево
Poirier|Пуарье
Hamel|Амель
Besson|Бессон
Jacquet|Жаке
De Villiers|де Вилье
Masson|Массон
Tessier|Тесье
Hervé|Эрве
Leclercq|Леклерк
"""
FRENCH_HEADS: Final = (
    "Beau Бо,Mont Мон,Clair Клер,Haut О,Bel Бель,Grand Гран,Roche Рош,Ville Виль,Fort Фор,Bois Буа,Franc Фран,Mar Мар,Cour Кур,San Сан,"
    "Val Валь,Char Шар,Lan Лан,Ger Жер,Bar Бар,Dur Дюр,Ver Вер,Gran Гран,Tour Тур"
)
FRENCH_TAILS: Final = (
    "mont мон,val валь,champ шан,court кур,lieu льё,fort фор,pré пре,puy пюи,ville виль,din ден,nier нье,neau но,reau ро,rand ран,tier тье,"
    "lard лар,meau мо,chet ше,billon бийон,gnac ньяк"
)
PLACES: Final = {
    "Russian": "Москва|Moscou|Moscow Казань|Kazan|Kazan Самара|Samara|Samara Екатеринбург|Ekaterinbourg|Yekaterinburg Омск|Omsk|Omsk "
    "Ростов-на-Дону|Rostov-sur-le-Don|Rostov-on-Don Астрахань|Astrakhan|Astrakhan Саратов|Saratov|Saratov Уфа|Oufa|Ufa",
    "Caucasus": "Грозный|Grozny|Grozny Гудермес|Goudermès|Gudermes Махачкала|Makhatchkala|Makhachkala Хасавюрт|Khassaviourt|Khasavyurt "
    "Назрань|Nazran|Nazran Дербент|Derbent|Derbent Урус-Мартан|Ourous-Martan|Urus-Martan Буйнакск|Bouïnaksk|Buynaksk",
    "Tajik": "Душанбе|Douchanbé|Dushanbe Худжанд|Khodjent|Khujand Куляб|Kouliab|Kulob Ташкент|Tachkent|Tashkent Ош|Och|Osh "
    "Андижан|Andijan|Andijan Самарканд|Samarcande|Samarkand",
    "Georgian": "Тбилиси|Tbilissi|Tbilisi Кутаиси|Koutaïssi|Kutaisi Ахмета|Akhmeta|Akhmeta Батуми|Batoumi|Batumi Телави|Telavi|Telavi",
    "Arabic": "Тунис|Tunis|Tunis Алжир|Alger|Algiers Дамаск|Damas|Damascus Хомс|Homs|Homs Мосул|Mossoul|Mosul Триполи|Tripoli|Tripoli "
    "Бенгази|Benghazi|Benghazi Сфакс|Sfax|Sfax Оран|Oran|Oran Касерин|Kasserine|Kasserine",
    "French": "Париж|Paris|Paris Тулуза|Toulouse|Toulouse Страсбург|Strasbourg|Strasbourg Марсель|Marseille|Marseilles Лион|Lyon|Lyons "
    "Ницца|Nice|Nice Брюссель|Bruxelles|Brussels Рубе|Roubaix|Roubaix Трап|Trappes|Trappes",
}
