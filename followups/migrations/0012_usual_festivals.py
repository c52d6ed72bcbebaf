from django.db import migrations

EVERY, SOME = ["develop", "nurture", "maintain"], ["develop", "nurture"]
SUNDAY = 6
# code, name, English name, kind, month, day (or which weekday), for whom, classes, days ahead, occupations
USUAL = [
    ("new-year", "元旦", "New Year's Day", "solar", 1, 1, "all", EVERY, 5, ""),
    ("eve", "除夕", "Chinese New Year's Eve", "eve", 1, 1, "all", SOME, 5, ""),
    ("spring", "春节", "Spring Festival", "lunar", 1, 1, "all", EVERY, 5, ""),
    ("lantern", "元宵节", "Lantern Festival", "lunar", 1, 15, "all", SOME, 3, ""),
    ("women", "妇女节", "Women's Day", "solar", 3, 8, "women", EVERY, 3, ""),
    ("qingming", "清明", "Qingming", "qingming", None, None, "all", SOME, 3, ""),
    ("labour", "劳动节", "Labour Day", "solar", 5, 1, "all", SOME, 3, ""),
    ("mother", "母亲节", "Mother's Day", "weekday", 5, 2, "mothers", EVERY, 3, ""),
    ("nurse", "护士节", "Nurses' Day", "solar", 5, 12, "trade", EVERY, 3, "护士 护理"),
    ("children", "儿童节", "Children's Day", "solar", 6, 1, "parents", EVERY, 3, ""),
    ("dragon-boat", "端午节", "Dragon Boat Festival", "lunar", 5, 5, "all", EVERY, 5, ""),
    ("father", "父亲节", "Father's Day", "weekday", 6, 3, "fathers", EVERY, 3, ""),
    ("qixi", "七夕", "Qixi Festival", "lunar", 7, 7, "all", SOME, 3, ""),
    ("teacher", "教师节", "Teachers' Day", "solar", 9, 10, "trade", EVERY, 3, "教师 老师 教授 讲师 教员"),
    ("mid-autumn", "中秋节", "Mid-Autumn Festival", "lunar", 8, 15, "all", EVERY, 5, ""),
    ("national", "国庆节", "National Day", "solar", 10, 1, "all", EVERY, 5, ""),
    ("double-ninth", "重阳节", "Double Ninth Festival", "lunar", 9, 9, "old", EVERY, 3, ""),
    ("journalist", "记者节", "Journalists' Day", "solar", 11, 8, "trade", EVERY, 3, "记者 编辑"),
]


def fill(apps, schema_editor):
    festival = apps.get_model("followups", "Festival")
    for code, name, name_en, kind, month, day, whom, classes, lead, trades in USUAL:
        nth = (day, None) if kind == "weekday" else (None, day)
        festival.objects.create(
            code=code, name=name, name_en=name_en, kind=kind, month=month, day=nth[1], nth=nth[0],
            weekday=SUNDAY if kind == "weekday" else None,
            for_whom=whom, classes=classes, lead=lead, trades=trades,
        )


class Migration(migrations.Migration):
    dependencies = [("followups", "0011_greetings")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
